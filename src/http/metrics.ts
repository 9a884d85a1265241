import { Router, type Request } from 'express';
import type { Metrics } from '../observe/metrics.ts';
import { Fault } from '../reservation/fault.ts';

export interface MetricsParts {
  readonly metrics: Metrics;
  /** The same callers that may verify keys. */
  readonly allow: (request: Request) => boolean | Promise<boolean>;
}

/** `GET /metrics` in the Prometheus text format. */
export function metricsRoutes({ metrics, allow }: MetricsParts): Router {
  const router = Router();
  router.get('/metrics', async (request, response) => {
    if (!(await allow(request)))
      throw new Fault('forbidden', 'Metrics can be read from the networks in VERIFY_ALLOW_FROM, or with an operator token.');
    response
      .set('Cache-Control', 'no-store')
      .type(metrics.registry.contentType)
      .send(await metrics.registry.metrics());
  });
  return router;
}
