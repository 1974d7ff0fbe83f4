// One set of OpenTelemetry instruments and their values as Prometheus text. No server of its own and no global state:
// two services in one process do not mix. Called by metrics.ts and gauges.ts.
import type { Meter } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { emptyResource } from '@opentelemetry/resources';
import { type CollectionResult, MeterProvider } from '@opentelemetry/sdk-metrics';
import { Histogram } from './histogram.js';

export class MetricText {
  private readonly histograms: Histogram[] = [];
  private readonly exporter = new PrometheusExporter({
    preventServerStart: true,
    metricProducers: [{ collect: async () => this.collectHistograms() }],
  });
  private readonly provider = new MeterProvider({ readers: [this.exporter] });
  private readonly serializer = new PrometheusSerializer('', false, undefined, true, true);

  readonly meter: Meter = this.provider.getMeter('vamana-ssd');

  histogram(name: string, description: string, bounds: number[]): Histogram {
    const histogram = new Histogram(name, description, bounds);
    this.histograms.push(histogram);
    return histogram;
  }

  async text(): Promise<string> {
    const { resourceMetrics } = await this.exporter.collect();
    return this.serializer.serialize(resourceMetrics);
  }

  close(): Promise<void> {
    return this.provider.shutdown();
  }

  private collectHistograms(): CollectionResult {
    const metrics = this.histograms
      .map((histogram) => histogram.data())
      .filter(({ dataPoints }) => dataPoints.length > 0);
    const scopeMetrics = [{ scope: { name: 'vamana-ssd' }, metrics }];
    return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
  }
}
