import { z } from 'zod';
import { sees } from '../../access/reach.ts';
import type { Operator } from '../../access/operators.ts';
import { tryOut } from '../../lab/lab.ts';
import { createMemory } from '../../lab/memory.ts';
import { reportOf } from '../../lab/report.ts';
import { pairsOf } from '../../lab/sample.ts';
import { Fault } from '../../reservation/fault.ts';
import type { Policy } from '../../reservation/policy.ts';
import type { Source } from '../../reservation/source.ts';
import type { ApiDeps } from './deps.ts';
import { FindingsView } from './lab-views.ts';
import { route, type ApiRoute } from './route.ts';
import { Text, Time } from './words.ts';

type Deps = Pick<ApiDeps, 'ledger' | 'policy' | 'providers' | 'now' | 'sendsMail'>;

export const BySource = z.strictObject({ name: Text.meta({ description: 'Of the source.' }) });

const Header = z.string().max(8192);

const Sampled = z.strictObject({
  body: z.union([z.string(), z.json()]).meta({
    description: 'As it is posted: a text, byte for byte, which a signature needs; or JSON, where none is asked for.',
  }),
  headers: z
    .record(z.string().min(1).max(200), z.union([Header, z.array(Header).max(20)]))
    .optional()
    .meta({ description: 'Without them the signature is not judged.' }),
  path: z.string().max(300).optional().meta({ description: 'What stands behind /webhooks/{name}/.' }),
  query: z.string().max(2000).optional().meta({ description: 'What stands behind the question mark.' }),
  receivedAt: Time.optional().meta({ description: 'When it arrived; now when left out.' }),
  now: Time.optional().meta({ description: 'When what happens next is asked; now when left out.' }),
});

/** A body of 256 kB as a text in JSON. */
const LARGEST = 1_048_576;

export function sourceLabApi(deps: Deps): ApiRoute[] {
  return [
    route({
      id: 'testSource',
      method: 'post',
      path: '/sources/{name}/test',
      permission: 'read',
      reach: 'own',
      summary: 'What would come of an event: signature, mapping, leases, and what happens next',
      description:
        'Under the configuration in force, on top of what is recorded of its bookings. Nothing is stored, nothing sent, and no provider called.',
      params: BySource,
      body: Sampled,
      largestBody: LARGEST,
      responses: { 200: FindingsView },
      faults: ['not_found'],
      handle: async ({ params: { name }, body: { body, headers, now = deps.now(), ...rest } }, caller) => {
        const source = sourceSeen(deps.policy(), name, caller);
        const sample = {
          receivedAt: rest.receivedAt ?? deps.now(),
          method: 'POST',
          path: rest.path ?? '',
          query: rest.query ?? '',
          rawHeaders: headers && pairsOf(headers),
          body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
          redacted: false,
        };
        const lens = { policy: deps.policy, providers: deps.providers, now: () => now, smtp: deps.sendsMail };
        return { status: 200, body: reportOf(await tryOut(source, [sample], { lens, memory: createMemory(deps.ledger) })) };
      },
    }),
  ];
}

/** Throws Fault('not_found') for a source that is not there, or of a project that the caller does not see. */
export function sourceSeen({ sources }: Pick<Policy, 'sources'>, name: string, caller: Operator): Source {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (!source || !sees(caller, source.project)) throw new Fault('not_found', `there is no source ${name}`);
  return source;
}
