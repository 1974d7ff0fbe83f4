// One set of OpenTelemetry instruments and their values as Prometheus text. No server of its own and no global state:
// two services in one process do not mix. Called by metrics.ts and gauges.ts.
import type { Meter } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

export class MetricText {
  private readonly exporter = new PrometheusExporter({ preventServerStart: true });
  private readonly provider = new MeterProvider({ readers: [this.exporter] });
  private readonly serializer = new PrometheusSerializer('', false, undefined, true, true);

  readonly meter: Meter = this.provider.getMeter('vamana-ssd');

  async text(): Promise<string> {
    const { resourceMetrics } = await this.exporter.collect();
    return this.serializer.serialize(resourceMetrics);
  }

  close(): Promise<void> {
    return this.provider.shutdown();
  }
}
