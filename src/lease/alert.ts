import type { DriverError, Failure } from '../../providers/driver.ts';
import type { KeyRow } from '../ledger/schema.ts';
import type { Notice } from '../reservation/notice.ts';

/** What trying again cannot mend until somebody acts at the provider. */
const FOR_OPERATORS: Partial<Record<Failure, string>> = {
  denied: 'our credentials lack a right',
  refused: 'it must be changed there first',
  full: 'the provider has reached a cap',
};

/** What operators are told of a failed call, at once and one time for each key and kind; undefined where waiting may help. */
export function alertFor(key: KeyRow, call: 'issue' | 'revoke', { kind, message }: DriverError): Notice | undefined {
  const why = FOR_OPERATORS[kind];
  if (why === undefined) return undefined;
  const what = call === 'issue' ? 'made' : 'revoked';
  const reason = `a key could not be ${what} at ${key.provider} (${why}): ${message}`;
  return { kind: 'alert', leaseId: key.leaseId, keyId: key.id, reason, id: `${kind}:${call}:${key.id}` };
}
