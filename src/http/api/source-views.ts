import { z } from 'zod';
import type { SecretUse } from '../../ledger/source-secrets.ts';
import type { PollRow } from '../../ledger/tables/sources.ts';
import type { Source } from '../../reservation/source.ts';
import { fingerprintOf } from '../../secret/hmac.ts';
import { describeAuth } from '../../sources/auth/describe.ts';
import { needsSecrets } from '../../sources/auth/verify.ts';
import { PollView, viewOfPoll } from './poll-views.ts';
import { Time } from './words.ts';

const SecretView = z.object({
  fingerprint: z.string().meta({ description: 'Tells one secret from another, and nothing of it.' }),
  notAfter: Time.nullable(),
  lastUsedAt: Time.nullable().meta({ description: 'Some seconds late.' }),
  uses: z.int().meta({ description: 'Requests that showed it, since it is configured.' }),
});

export const SourceView = z
  .object({
    name: z.string(),
    project: z.string(),
    preset: z.string().nullable().meta({ description: 'The description that it is built on, if one that we ship.' }),
    path: z.string().nullable().meta({ description: 'Where it posts its events; null where it is read, and takes none.' }),
    signed: z.boolean().meta({ description: 'False: anybody can post as this source.' }),
    auth: z.string().meta({ description: 'What a request must bring to be believed, in words.' }),
    body: z.string().meta({ description: 'How a body is read: json, form, text or cloudevents.' }),
    handshakes: z.array(z.string()).readonly().meta({ description: 'What is answered otherwise than an event is.' }),
    timezone: z.string().nullable().meta({ description: 'Of times that name none.' }),
    secrets: z.array(SecretView).readonly(),
    poll: PollView.nullable().meta({ description: 'Where it is read, if it is.' }),
    tells: z.object({
      notifications: z.boolean(),
      log: z.boolean(),
      webhook: z.boolean(),
    }),
  })
  .meta({ id: 'Source', description: 'A reservation system that posts events.' });

export function viewOfSource(
  source: Source,
  { uses, polls }: { readonly uses: readonly SecretUse[]; readonly polls: ReadonlyMap<string, PollRow> },
): z.output<typeof SourceView> {
  const { name, project, preset, secrets, callback, webhook, auth, body, handshakes, timezone } = source;
  return {
    name,
    project,
    preset: preset ?? null,
    path: pathOf(source),
    signed: secrets.length > 0 || !needsSecrets(auth.kind),
    auth: describeAuth(source),
    body: body.kind,
    handshakes: [...new Set(handshakes.map(({ kind }) => kind))],
    timezone: timezone ?? null,
    secrets: secrets.map(({ secret, notAfter }) => {
      const fingerprint = fingerprintOf(secret);
      const use = uses.find((one) => one.source === name && one.fingerprint === fingerprint);
      return { fingerprint, notAfter: notAfter ?? null, lastUsedAt: use?.lastUsedAt ?? null, uses: use?.uses ?? 0 };
    }),
    poll: viewOfPoll(source, polls.get(name)),
    tells: {
      notifications: callback?.notifications !== undefined,
      log: callback?.log !== undefined,
      webhook: webhook !== undefined,
    },
  };
}

function pathOf({ name, auth }: Source): string | null {
  if (auth.kind === 'none') return null;
  return name === 'default' ? '/webhook' : `/webhooks/${name}`;
}
