import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Receiver, Reception } from '../src/intake/receive.ts';
import { createQuarantineWarning } from '../src/lab/quarantine-warning.ts';
import { silentLog } from '../src/observe/log.ts';
import { openApiHouse, type ApiHouse } from './api-house.ts';
import { describeEngines } from './engines.ts';

describeEngines('events that are not understood', (engine) => {
  let house: ApiHouse;
  beforeAll(async () => {
    house = await openApiHouse(engine);
    await house.post('/hooks', { url: 'https://hooks.example.org/alerts', kinds: ['alert'] });
  });
  afterAll(() => house.close());

  test('are told to the hooks that want alerts: the first of a source, then one in an hour, by whichever node', async () => {
    let status: 'accepted' | 'quarantined' = 'accepted';
    const reception = (): Reception => ({
      kind: 'recorded',
      outcome: { status, eventId: 'evt_1', reservations: [] },
      status: 202,
    });
    const inner = { receive: async () => reception() } as unknown as Receiver;
    const parts = { ledger: house.ledger, alert: house.handover.alert, log: silentLog, now: () => house.clock.now() };
    const [warning, neighbour] = [createQuarantineWarning(parts), createQuarantineWarning(parts)];
    const post = async (source: string, node = warning) => {
      const request = { source, rawHeaders: [], body: Buffer.from('{"mail":"ada@example.org"}'), requestId: 'r' };
      await node.around(inner).receive(request);
      await node.drain();
    };
    const told = async () =>
      (await house.ledger.db.selectFrom('delivery').select(['kind', 'body']).orderBy('createdAt').orderBy('id').execute()).map(
        ({ kind, body }) => `${kind}: ${(body as { reason: string }).reason}`,
      );
    await post('desk');
    expect(await told()).toEqual([]);
    status = 'quarantined';
    for (const source of ['desk', 'desk', 'lab']) await post(source);
    await post('desk', neighbour);
    const about = (source: string) =>
      `alert: an event of source ${source} is not understood and was put into quarantine: latchkey quarantine show evt_1`;
    expect(await told()).toEqual([about('desk'), about('lab')]);
    house.clock.forward(3_600_000);
    await post('desk');
    expect((await told()).toSorted()).toEqual([about('desk'), about('desk'), about('lab')]);
  });
});
