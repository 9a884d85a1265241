import { z } from 'zod';
import { sees } from '../../access/reach.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { BySource } from './source-lab.ts';

export const PolledView = z
  .object({
    outcome: z.enum(['read', 'unchanged', 'failed']),
    bookings: z.int().meta({ description: 'In the list.' }),
    recorded: z.int().meta({ description: 'Bookings of which something was recorded.' }),
    missing: z.int().meta({ description: 'Bookings that are not in it any more, and not over.' }),
    cancelled: z.int().meta({ description: 'Of these, cancelled now.' }),
    held: z.int().meta({ description: 'Of these, left alone, as they are too many at once.' }),
    error: z.string().nullable().meta({ description: 'What is wrong: that it could not be read, or with something in it.' }),
  })
  .meta({ id: 'Polled', description: 'What became of one reading.' });

export function sourcePollApi({ polling, policy }: Pick<ApiDeps, 'polling' | 'policy'>): ApiRoute[] {
  return [
    route({
      id: 'pollSource',
      method: 'post',
      path: '/sources/{name}/poll',
      permission: 'act',
      reach: 'own',
      summary: 'Read a source that does not push, now',
      description:
        'A booking that vanished is cancelled by the second reading without it; of ten or more, half do not vanish at once. With `acceptMissing` what is not in this reading is cancelled at once.',
      params: BySource,
      body: z.strictObject({ acceptMissing: z.boolean().optional() }),
      responses: { 200: PolledView },
      faults: ['not_found', 'conflict'],
      handle: async ({ params: { name }, body: { acceptMissing } }, caller) => {
        const source = Object.hasOwn(policy().sources, name) ? policy().sources[name] : undefined;
        if (!source || !sees(caller, source.project)) throw new Fault('not_found', `there is no source ${name}`);
        const polled = await polling.pollNow(name, acceptMissing === true ? { insists: caller.name } : {});
        return { status: 200, body: polled };
      },
    }),
  ];
}
