import type { RequestHandler } from 'express';
import type { Chain } from './audit/chain.ts';

import type { Catalogue } from './catalogue.ts';
import type { Recorder } from './lab/recorder.ts';
import type { Leasing } from './lease/open.ts';
import type { Problem } from './policy/problems.ts';
import type { Guard } from './access/guard.ts';
import type { Handover } from './handover/open.ts';
import type { Receiver } from './intake/receive.ts';
import type { Keys } from './keys/open.ts';
import type { Tokens } from './keys/tokens.ts';
import type { Ledger } from './ledger/database.ts';
import type { Managed } from './managed/open.ts';
import type { Metrics } from './observe/metrics.ts';
import { apiRoutes } from './http/api/api.ts';
import { introspectRoutes } from './http/introspect.ts';
import { wellKnownRoutes } from './http/well-known.ts';
import { claimRoutes } from './http/claim.ts';
import { healthRoutes } from './http/health.ts';
import { metricsRoutes } from './http/metrics.ts';
import { TOKEN_HEADER, type VerifyAccess } from './http/front/access.ts';
import { webhookRoutes } from './http/webhooks.ts';
import type { Pollings } from './polling/open.ts';
import packageFile from '../package.json' with { type: 'json' };
import type { Scope } from './reservation/plan.ts';
import type { Scopes } from './scopes/open.ts';
import type { Sealer } from './secret/seal.ts';
import type { Secret } from './secret/secret.ts';

const VERSION = packageFile.version;

export interface RouterParts {
  readonly ledger: Ledger;
  readonly now: () => Date;
  readonly metrics: Metrics;
  readonly sealer: Sealer;
  readonly settings: { readonly publicUrl: string; readonly smtpUrl?: Secret; readonly quarantineKeptMs: number };
  readonly guard: Guard;
  readonly access: VerifyAccess;
  readonly keys: Keys;
  readonly tokens: Tokens;
  readonly receiver: Receiver;
  readonly polling: Pollings;
  readonly recorder: Recorder;
  readonly handover: Handover;
  readonly catalogue: Catalogue;
  readonly configuredScopes: (project: string) => Readonly<Record<string, Scope>>;
  readonly scopes: Scopes;
  readonly leasing: Leasing;
  readonly managed: Managed;
  readonly chain: Chain;
  readonly reload: () => Promise<readonly Problem[]>;
}

/** Every route there is. Webhooks come first: nothing may parse their bodies before the signature is checked. */
export function createRouters(parts: RouterParts): RequestHandler[] {
  const { ledger, settings, now, catalogue, access } = parts;
  return [
    webhookRoutes({ receiver: parts.receiver }),
    healthRoutes({ ready: () => ledger.ready() }),
    introspectRoutes({ ...parts, inspect: parts.keys.inspect, rules: () => catalogue.policy().tokens }),
    wellKnownRoutes(parts.tokens),
    claimRoutes({
      claims: parts.handover.claims,
      now,
      publicUrl: settings.publicUrl,
      callWith: (provider) => callWith(parts, provider),
    }),
    metricsRoutes({
      metrics: parts.metrics,
      allow: async (request) =>
        access.isListed(request.ip ?? '') ||
        (await access.hasToken(request.get(TOKEN_HEADER), request.ip ?? '')) ||
        (await parts.guard.admits(request, 'read')),
    }),
    apiRoutes({
      ...parts,
      ...parts.leasing,
      call: parts.leasing.shop.call,
      budgets: parts.keys.budgets,
      signingKeys: parts.tokens.signingKeys,
      managed: parts.managed.house,
      bulks: parts.managed.bulks,
      policy: catalogue.policy,
      providers: catalogue.provider,
      sendsMail: settings.smtpUrl !== undefined,
      quarantineKeptMs: settings.quarantineKeptMs,
      publicUrl: settings.publicUrl,
      version: VERSION,
    }),
  ];
}

/** How a holder sends the key: where the provider's own address is known, the examples show it. */
function callWith({ catalogue }: RouterParts, provider: string): { header: string; url?: string } {
  const config = catalogue.policy().providers[provider]?.config;
  const endpoint = typeof config === 'object' && config !== null && 'endpoint' in config ? config.endpoint : undefined;
  return { header: 'X-API-Key', ...(typeof endpoint === 'string' ? { url: endpoint } : {}) };
}
