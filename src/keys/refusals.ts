import { normalisePath } from './paths.ts';
import type { KeyRecord, Rights } from './record.ts';
import type { VerifyCode, VerifyRequest } from './verdict.ts';

/** Why a key opens nothing at that moment, whatever it is used for. */
export function standing(record: KeyRecord, at: number): VerifyCode | undefined {
  // At the end of its window every key is revoked: to its holder that is its expiry.
  if (record.revokedAt !== null) return record.revokedAt < record.closesAt ? 'REVOKED' : 'EXPIRED';
  if (record.suspended) return 'SUSPENDED';
  if (at < record.opensAt) return 'NOT_YET_VALID';
  return at >= record.closesAt ? 'EXPIRED' : undefined;
}

/** Why a key that works does not open this, at this time of the week. */
export function rightsRefuse({ rights }: KeyRecord, request: VerifyRequest, at: number): VerifyCode | undefined {
  if (rights.isOpenAt && !rights.isOpenAt(at)) return 'OUTSIDE_HOURS';
  if (rights.allowsIp && (request.ip === undefined || !rights.allowsIp(request.ip))) return 'IP_FORBIDDEN';
  if (request.scopes && !request.scopes.some(rights.holds)) return 'INSUFFICIENT_SCOPE';
  const { method, path } = request;
  if (method !== undefined && !rights.methods.has(method)) return 'INSUFFICIENT_SCOPE';
  if (path === undefined) return rights.rules ? rulesRefuse(rights.rules, method) : undefined;
  const plain = normalisePath(path);
  if (plain === undefined || !rights.reaches(plain)) return 'ENDPOINT_FORBIDDEN';
  return rights.rules && rulesRefuse(rights.rules, method, plain);
}

function rulesRefuse(rules: NonNullable<Rights['rules']>, method?: string, path?: string): VerifyCode | undefined {
  let refusal: VerifyCode = 'INSUFFICIENT_SCOPE';
  for (const rule of rules) {
    if (method !== undefined && !rule.methods.has(method)) continue;
    if (path === undefined || rule.reaches(path)) return undefined;
    refusal = 'ENDPOINT_FORBIDDEN';
  }
  return refusal;
}
