import { mintKey } from '../keys/key.ts';
import type { TokenWish } from '../keys/token.ts';
import type { Grant } from '../reservation/lease.ts';
import type { Plan } from '../reservation/plan.ts';
import type { Secret } from '../secret/secret.ts';
import type { Workshop } from './turn.ts';

/** What a value is for: whose key it is, and what that grants. */
export type Wanted = Omit<TokenWish, 'project'> & Pick<Grant, 'tokenType'>;

/** What a holder will be given. A token says itself whose it is, and how long; it is signed here, so it is kept until it is claimed as any other. */
export async function mintValue(
  { keyPrefix, mintToken, providers }: Pick<Workshop, 'keyPrefix' | 'mintToken' | 'providers'>,
  { provider, project }: Pick<Plan, 'provider' | 'project'>,
  { tokenType, ...said }: Wanted,
): Promise<Secret> {
  if (tokenType !== 'jwt') return mintKey(keyPrefix, providers(provider)?.driver.keyForm);
  const { keyId, lease, holder, scopes, window } = said;
  return await mintToken({ keyId, lease, holder, scopes, window, project });
}
