import { expect, test } from 'vitest';
import type { Receiver, Reception } from '../src/intake/receive.ts';
import { warningOfQuarantine } from '../src/lab/quarantine-warning.ts';
import { silentLog } from '../src/observe/log.ts';

test('the log tells of the first event of a source that is not understood, and then once an hour', async () => {
  let at = Date.parse('2026-01-01T00:00:00Z');
  let status: 'accepted' | 'quarantined' = 'accepted';
  const said: string[] = [];
  const reception = (): Reception => ({ kind: 'recorded', outcome: { status, eventId: 'evt_1', reservations: [] }, status: 202 });
  const inner = { receive: async () => reception() } as unknown as Receiver;
  const log = { ...silentLog, warn: (_message: string, fields?: object) => void said.push(JSON.stringify(fields)) };
  const receiver = warningOfQuarantine(inner, { log, now: () => new Date(at) });
  const post = async (source: string) =>
    await receiver.receive({ source, rawHeaders: [], body: Buffer.from('{"mail":"ada@example.org"}'), requestId: 'r' });
  await post('desk');
  expect(said).toEqual([]);
  status = 'quarantined';
  for (const source of ['desk', 'desk', 'lab']) await post(source);
  expect(said.map((fields) => JSON.parse(fields).source)).toEqual(['desk', 'lab']);
  at += 3_600_000;
  await post('desk');
  expect(said).toHaveLength(3);
  expect(said.join()).not.toContain('ada@example.org');
});
