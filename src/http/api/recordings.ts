import { z } from 'zod';
import { MOST_SAMPLES } from '../../lab/keep-sample.ts';
import { countSamples } from '../../ledger/recordings.ts';
import type { RecordingTable } from '../../ledger/tables/sources.ts';
import { Fault } from '../../reservation/fault.ts';
import type { ApiDeps } from './deps.ts';
import { route, type ApiRoute } from './route.ts';
import { BySource, sourceSeen } from './source-lab.ts';
import { Duration, Empty, Time } from './words.ts';

type Deps = Pick<ApiDeps, 'ledger' | 'policy' | 'recorder'>;

const LONGEST_MS = 24 * 3_600_000;

export const RecordingView = z
  .object({
    source: z.string(),
    until: Time,
    startedAt: Time,
    startedBy: z.string(),
    samples: z.int().meta({ description: 'Kept so far.' }),
    most: z.int().meta({ description: 'No more than that are kept.' }),
  })
  .meta({ id: 'Recording', description: 'What arrives for a source is kept as samples, for a while.' });

export function recordingsApi(deps: Deps): ApiRoute[] {
  const { ledger } = deps;
  const viewOf = async (recording: RecordingTable): Promise<z.output<typeof RecordingView>> => ({
    ...recording,
    samples: await countSamples(ledger.db, recording.source, recording.startedAt),
    most: MOST_SAMPLES,
  });
  return [
    route({
      id: 'startRecording',
      method: 'put',
      path: '/sources/{name}/recording',
      permission: 'act',
      reach: 'own',
      summary: 'Keep what arrives for a source as samples, for a while',
      description: `Refused requests too, at most ${MOST_SAMPLES} in all; without secrets, sealed, for 14 days. In place of a recording that goes on.`,
      params: BySource,
      body: z.strictObject({ for: Duration }),
      responses: { 200: RecordingView },
      faults: ['not_found', 'conflict'],
      handle: async ({ params: { name }, body }, caller) => {
        const { auth } = sourceSeen(deps.policy(), name, caller);
        if (auth.kind === 'none')
          throw new Fault('conflict', `source ${name} takes no webhooks: there is nothing to record of it`);
        if (body.for <= 0 || body.for > LONGEST_MS)
          throw new Fault('invalid', 'body for: must be more than 0 and at most 24h', { at: 'for' });
        return { status: 200, body: await viewOf(await deps.recorder.start(name, body.for, caller.name)) };
      },
    }),
    route({
      id: 'getRecording',
      method: 'get',
      path: '/sources/{name}/recording',
      permission: 'read',
      reach: 'own',
      summary: 'The recording of a source that goes on',
      params: BySource,
      responses: { 200: RecordingView },
      faults: ['not_found'],
      handle: async ({ params: { name } }, caller) => {
        sourceSeen(deps.policy(), name, caller);
        const recording = deps.recorder.of(name);
        if (!recording) throw new Fault('not_found', `source ${name} is not recorded`);
        return { status: 200, body: await viewOf(recording) };
      },
    }),
    route({
      id: 'stopRecording',
      method: 'delete',
      path: '/sources/{name}/recording',
      permission: 'act',
      reach: 'own',
      summary: 'Stop recording a source; its samples stay',
      params: BySource,
      responses: { 204: Empty },
      faults: ['not_found'],
      handle: async ({ params: { name } }, caller) => {
        sourceSeen(deps.policy(), name, caller);
        await deps.recorder.stop(name, caller.name);
        return { status: 204, body: undefined };
      },
    }),
  ];
}
