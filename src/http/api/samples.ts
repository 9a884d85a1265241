import { z } from 'zod';
import { openSample } from '../../lab/keep-sample.ts';
import { findSample, listSamples, removeSamples } from '../../ledger/recordings.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { BySource, sourceSeen } from './source-lab.ts';
import { Empty, listOf, paging, Text, Time } from './words.ts';

export const SampleView = z
  .object({
    id: z.string(),
    receivedAt: Time,
    outcome: z.string().meta({
      description:
        'accepted, duplicate, ignored or quarantined; answered, where it was no event; refused, where nobody knows who sent it; failed.',
    }),
    reason: z.string().nullable(),
  })
  .meta({ id: 'Sample', description: 'A request as it came, kept for the lab.' });

export const SampleDetail = SampleView.extend({
  sample: z
    .object({
      source: z.string(),
      receivedAt: z.string(),
      method: z.string(),
      path: z.string(),
      query: z.string(),
      headers: z.record(z.string(), z.union([z.string(), z.array(z.string()).readonly()])),
      body: z.string(),
      encoding: z.enum(['utf8', 'base64']),
      outcome: z.string(),
      reason: z.string().nullable(),
    })
    .meta({ description: 'Without secrets: so its signature matches no longer.' }),
}).meta({ id: 'SampleDetail' });

export function samplesApi({ ledger, policy, sealer }: Pick<ApiDeps, 'ledger' | 'policy' | 'sealer'>): ApiRoute[] {
  return [
    route({
      id: 'listSamples',
      method: 'get',
      path: '/sources/{name}/samples',
      permission: 'read',
      reach: 'own',
      summary: 'Samples of a source, as they arrived',
      params: BySource,
      query: z.strictObject(paging),
      responses: { 200: listOf(SampleView) },
      faults: ['not_found'],
      handle: async ({ params: { name }, query }, caller) => {
        sourceSeen(policy(), name, caller);
        return { status: 200, body: await listSamples(ledger.db, name, query) };
      },
    }),
    route({
      id: 'getSample',
      method: 'get',
      path: '/sources/{name}/samples/{id}',
      // It holds what its sender wrote about people.
      permission: 'act',
      reach: 'own',
      summary: 'One sample, without secrets',
      params: BySource.extend({ id: Text }),
      responses: { 200: SampleDetail },
      faults: ['not_found'],
      handle: async ({ params: { name, id } }, caller) => {
        sourceSeen(policy(), name, caller);
        const row = await findSample(ledger.db, name, id);
        if (!row) throw new Fault('not_found', `source ${name} has no sample ${id}`);
        return { status: 200, body: { ...row, sample: openSample(sealer, row) } };
      },
    }),
    route({
      id: 'deleteSamples',
      method: 'delete',
      path: '/sources/{name}/samples',
      permission: 'act',
      reach: 'own',
      summary: 'Delete the samples of a source',
      params: BySource,
      responses: { 204: Empty },
      faults: ['not_found'],
      handle: async ({ params: { name } }, caller) => {
        sourceSeen(policy(), name, caller);
        await ledger.transact(async (tx) => {
          const samples = await removeSamples(tx.db, name);
          tx.audit({ actor: caller.name, action: 'samples.deleted', subject: name, detail: { samples } });
        });
        return { status: 204, body: undefined };
      },
    }),
  ];
}
