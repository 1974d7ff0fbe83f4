// Counts of values by buckets, one a set of labels, kept as plain numbers and given to OpenTelemetry when somebody asks:
// to record a value there costs microseconds, which is much for what happens several times a query. Called by metrics.ts
// and, through MetricText, by the reader of OpenTelemetry.
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { AggregationTemporality, DataPointType, type HistogramMetricData } from '@opentelemetry/sdk-metrics';

/** Of one set of labels. */
export class Buckets {
  readonly counts: number[];
  count = 0;
  sum = 0;

  constructor(
    readonly attributes: Attributes,
    private readonly bounds: readonly number[],
  ) {
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  add(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] as number)) at += 1;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.count += 1;
    this.sum += value;
  }
}

export class Histogram {
  private readonly all: Buckets[] = [];
  private readonly startTime = timeNow();

  constructor(
    private readonly name: string,
    private readonly description: string,
    private readonly bounds: number[],
  ) {}

  /** A new set of labels; to be kept by who counts. */
  of(attributes: Attributes): Buckets {
    const buckets = new Buckets(attributes, this.bounds);
    this.all.push(buckets);
    return buckets;
  }

  data(): HistogramMetricData {
    const { name, description, bounds, startTime } = this;
    const endTime = timeNow();
    return {
      descriptor: { name, description, unit: '', valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: this.all.map(({ attributes, counts, count, sum }) => ({
        startTime,
        endTime,
        attributes,
        value: { buckets: { boundaries: bounds, counts: [...counts] }, count, sum },
      })),
    };
  }
}

function timeNow(): HrTime {
  const ms = Date.now();
  return [Math.floor(ms / 1000), (ms % 1000) * 1e6];
}
