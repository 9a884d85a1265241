import type { LimitReport } from '../driver.ts';
import type { Config } from './config.ts';

const PER_PROJECT =
  'Google counts for a project and a minute, never for a key. Put /verify in front, or give each key a project of its own: see the README.';
const METHODS = 'By the methods configured for the scopes. Google does not say that API Gateway enforces them: try it first.';

/** What API Gateway enforces for a key, which is little: it opens one service, from some addresses. */
export function limitsOf({ methods }: Pick<Config, 'methods'>): LimitReport {
  const byMethods = methods
    ? ({ by: 'approximate', note: METHODS } as const)
    : ({ by: 'none', note: 'A key opens all of the service, unless methods are configured for the scopes.' } as const);
  return {
    scopes: byMethods,
    methods: byMethods,
    endpoints: { by: 'none', note: 'A key opens the service as a whole.' },
    quota: { by: 'none', note: PER_PROJECT },
    rate: { by: 'none', note: PER_PROJECT },
    allowedIps: { by: 'approximate', note: "By the key's own restriction; a change takes some minutes to be known everywhere." },
    notBefore: { by: 'latchkey', note: 'Made ahead; Latchkey shows its value to nobody before the window opens.' },
    expiry: { by: 'latchkey', note: 'Latchkey deletes the key; it may work for some minutes more.' },
  };
}
