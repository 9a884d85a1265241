import { hash } from 'node:crypto';
import type { Asked } from '../driver.ts';
import { addressRange } from './addresses.ts';
import type { Family } from './config.ts';
import { quotaRule, rateRule } from './limits.ts';
import { policyXml } from './policy-xml.ts';

/** A product of the service: which APIs, under which policy. */
export interface TierProduct {
  /** Made of the content, so that the same limits are the same product and another content is another one. */
  readonly id: string;
  readonly policy: string;
  readonly apis: readonly string[];
}

export interface TierOptions {
  readonly family: Family;
  readonly apis: readonly string[];
  readonly provider: string;
}

export const PRODUCT_ID = /^lk-[0-9a-f]{16}$/;

/** The product for keys that may do what is asked; the order of what is asked does not matter. */
export function productFor(asked: Asked, { family, apis, provider }: TierOptions): TierProduct {
  const policy = policyXml({
    methods: sorted(asked.scopes.flatMap((scope) => asked.methodsByScope[scope] ?? [])),
    endpoints: sorted(asked.endpoints),
    allowedIps: asked.allowedIps && sorted(asked.allowedIps).map((network) => addressRange(network, provider)),
    rate: asked.rateLimit && rateRule(asked.rateLimit, family),
    quota: asked.quota && quotaRule(asked.quota),
  });
  const content = JSON.stringify([policy, sorted(apis)]);
  return { id: `lk-${hash('sha256', content).slice(0, 16)}`, policy, apis: sorted(apis) };
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
