import { z } from 'zod';
import type { SigningKeyRow } from '../../ledger/schema.ts';
import { TOKEN_ALGORITHMS } from '../../reservation/tokens.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { listOf, Time } from './words.ts';

export const SigningKeyView = z
  .object({
    kid: z.string(),
    state: z.enum(['next', 'signing', 'retired', 'gone']).meta({
      description:
        'next: published, and will sign; retired: signs no more, and what it signed may be good; gone: nothing of it is.',
    }),
    algorithm: z.enum(TOKEN_ALGORITHMS),
    issuer: z.string(),
    audience: z.string().nullable().meta({ description: 'Null where it is the project of each token.' }),
    createdAt: Time,
    signsFrom: Time,
    signsUntil: Time.nullable(),
    goneAt: Time.nullable(),
  })
  .meta({ id: 'SigningKey', description: 'A pair of keys that tokens are signed with; its private part never leaves.' });

export function signingKeysApi({ signingKeys, now }: Pick<ApiDeps, 'signingKeys' | 'now'>): ApiRoute[] {
  return [
    route({
      id: 'listSigningKeys',
      method: 'get',
      path: '/signing-keys',
      permission: 'read',
      summary: 'Signing keys, newest first',
      responses: { 200: listOf(SigningKeyView) },
      handle: async () => {
        const items = (await signingKeys.list()).map((row) => ({ ...row, state: stateOf(row, now()) }));
        return { status: 200, body: { items, next: null } };
      },
    }),
    route({
      id: 'rotateSigningKey',
      method: 'post',
      path: '/signing-keys/rotate',
      permission: 'config',
      summary: 'Have the next key sign',
      description:
        'It is published at once, and signs a quarter of an hour later, when every copy of the public keys has it. What was signed before stays good.',
      responses: { 202: z.object({ kid: z.string(), signsFrom: Time }) },
      faults: ['conflict'],
      handle: async (_input, caller) => ({ status: 202, body: await signingKeys.rotate(caller.name) }),
    }),
  ];
}

function stateOf({ signsFrom, signsUntil, goneAt }: SigningKeyRow, now: Date): z.output<typeof SigningKeyView>['state'] {
  if (goneAt) return 'gone';
  if (signsFrom > now) return 'next';
  return signsUntil && signsUntil <= now ? 'retired' : 'signing';
}
