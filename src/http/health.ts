import { Router } from 'express';
import { Fault } from '../reservation/fault.ts';

export interface HealthParts {
  /** Throws while requests cannot be served: database out of reach, not migrated, stopping. */
  readonly ready: () => Promise<void>;
}

const HEALTHY = { status: 'healthy', service: 'latchkey' };

/** `/health/ready` asks the database; the others only whether the process answers, so that an outage does not get it killed. */
export function healthRoutes({ ready }: HealthParts): Router {
  const router = Router();
  router.get(['/health', '/healthz', '/health/live'], (_request, response) => {
    response.set('Cache-Control', 'no-store').json(HEALTHY);
  });
  router.get('/health/ready', async (_request, response) => {
    await ready().catch((cause: unknown) => {
      throw new Fault('unavailable', 'Not ready: the database is out of reach or the service is starting or stopping.', {
        cause,
      });
    });
    response.set('Cache-Control', 'no-store').json(HEALTHY);
  });
  return router;
}
