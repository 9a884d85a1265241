import { inspect } from 'node:util';
import { expect } from 'vitest';
import { Secret } from '../src/secret/secret.ts';
import { aCall, type Rig } from './contract-world.ts';
import { DriverError, type IssueRequest, type KeyRef } from './driver.ts';

/** A request that the sample grant allows. */
export const INSIDE = { method: 'POST', path: '/api/data' };

export interface IssuedKey {
  readonly rig: Rig;
  readonly ref: KeyRef<unknown>;
  /** The key's value, ours or the provider's. */
  readonly secret: Secret;
}

export async function issue(rig: Rig, overrides?: Partial<IssueRequest>): Promise<IssuedKey> {
  const request = rig.request(overrides);
  const { handle, secret: told } = await rig.driver.issue(request, aCall());
  const asked = told ?? (await rig.driver.reveal?.({ name: request.name, handle, secret: null }, aCall()));
  const secret = asked ?? request.secret;
  return { rig, secret, ref: { name: request.name, handle, secret } };
}

/** The error that a call must end with; looked through for secrets every time. */
export async function failureOf(rig: Rig, work: Promise<unknown> | undefined): Promise<DriverError> {
  const error: unknown = await Promise.resolve(work).then(
    () => expect.unreachable('the call should have failed'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DriverError);
  const driverError = error as DriverError;
  const shown = [
    driverError.message,
    String(driverError.stack),
    JSON.stringify(driverError),
    inspect(driverError, { depth: 10, showHidden: true, getters: true }),
    inspect(driverError.cause, { depth: 10, showHidden: true }),
  ].join('\n');
  for (const unspeakable of [rig.request().secret.reveal(), ...rig.unspeakable]) expect(shown).not.toContain(unspeakable);
  return driverError;
}

/** So many keys live, each with all its policies and none of them twice. */
export async function expectLive({ world }: Rig, count: number): Promise<void> {
  const keys = await world.liveKeys();
  expect(keys.map((key) => key.complete)).toEqual(Array.from({ length: count }, () => true));
  for (const { policies } of keys) expect(new Set(policies).size).toBe(policies.length);
}

/** A handle as the ledger keeps it: JSON, with the secrets taken out and put back. */
export function stored(handle: unknown): { json: string; restore(): unknown } {
  const secrets: Secret[] = [];
  const json = JSON.stringify(sealed(handle, secrets));
  return {
    json,
    restore: () =>
      JSON.parse(json, (_key, value: unknown) =>
        typeof value === 'object' && value !== null && '$sealed' in value ? secrets[Number(value.$sealed)] : value,
      ),
  };
}

function sealed(value: unknown, secrets: Secret[]): unknown {
  if (value instanceof Secret) return { $sealed: secrets.push(value) - 1 };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, sealed(field, secrets)]));
}
