import { describe, expect, it } from 'vitest';
import { ServiceMetrics } from './metrics.js';

describe('metrics', () => {
  it('of two services in one process do not mix', async () => {
    const [one, other] = [new ServiceMetrics(), new ServiceMetrics()];
    one.answered({ method: 'GET', endpoint: '/', status: 200 }, 0.003);
    one.answered({ method: 'GET', endpoint: '/', status: 200 }, 0.001);
    one.shed('queue');
    expect(await one.text()).toContain('rest_responses_total{method="GET",endpoint="/",status="200"} 2');
    expect(await one.text()).toContain('vamana_shed_requests_total{reason="queue"} 1');
    expect(await one.text()).toMatch(/rest_responses_duration_seconds_bucket\{.*le="0.002"\} 1\n/);
    expect(await other.text()).not.toContain('status="200"');
    expect(one.answerTotals()).toEqual({
      'GET /': {
        200: {
          count: 2,
          fail_count: 0,
          avg_duration_micros: 2000,
          min_duration_micros: 1000,
          max_duration_micros: 3000,
          total_duration_micros: 4000,
        },
      },
    });
    await Promise.all([one.close(), other.close()]);
  });
});
