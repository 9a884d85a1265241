import type { IssueRequest } from '../../../providers/driver.ts';
import type { KeyRow } from '../../ledger/schema.ts';
import type { Grant } from '../../reservation/lease.ts';
import { Secret } from '../../secret/secret.ts';
import { requestFor } from '../request.ts';
import type { Turn, Workshop } from '../turn.ts';

/** What a living key should be; without its value where that does not matter, or was claimed and nobody but its holder has it. */
export function requestAsGranted(
  { policy }: Pick<Workshop, 'policy'>,
  about: Pick<Turn, 'lease' | 'reservation'> & { readonly grant: Grant; readonly secret?: Secret | null },
  { id, name, opensAt, closesAt }: KeyRow,
): IssueRequest {
  const wish = { id, name, secret: about.secret ?? new Secret(''), window: { opensAt, closesAt }, grant: about.grant };
  return requestFor(about, wish, policy());
}
