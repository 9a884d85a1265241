import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCampus, type Campus } from '../campus.ts';

/*
 * A booking system that nobody has seen: it posts forms, knows people by their number only, writes the day and minutes after midnight by the
 * clock on its wall, has its own words for what happened, and gives a booking that is moved another number. Connected by YAML alone.
 */

const SECRET = 'the word of the caretaker';
const ZONE = 'Europe/Rome';
const folder = mkdtempSync(join(tmpdir(), 'latchkey-unknown-'));

const config = `
sources:
  caretaker:
    auth: { hmac: { header: X-Check, prefix: "sum ", signed: "{timestamp}/{body}", timestampHeader: X-When, timestampUnit: ms, encoding: base64 } }
    secrets: ["\${CARETAKER_SECRET}"]
    body: { kind: form }
    timezone: ${ZONE}
    roster: people.csv
    map:
      - match: { expr: was, in: [RES, VER] }
        action: { expr: was, values: { RES: created, VER: updated } }
        fields:
          reservationId: nr
          supersedes: statt
          resource: { expr: raum, values: { "1": lab-1, "2": lab-2 } }
          resourceType: { value: Room }
          startsAt: "minutes(tag, von)"
          endsAt: "minutes(tag, bis)"
          holderId: wer
      - match: { expr: was, in: [WEG] }
        action: cancelled
        fields: { reservationId: nr }
      - { match: { expr: was, in: [PUTZ] }, action: ignore, reason: cleaning }
plans:
  - name: rooms
    match: { source: caretaker, resourceType: Room }
    provider: generic
    scopes: { default: [read], allowed: [read] }
    endpoints: { default: ["/**"], allowed: ["/**"] }
    window: { longest: 24h }
    handover: { by: [email], confirm: email }
`;

let campus: Campus;
beforeAll(async () => {
  writeFileSync(join(folder, 'latchkey.yaml'), config);
  writeFileSync(join(folder, 'people.csv'), 'id,name,email\n4711,Ada,ada@house.example\n');
  campus = await openCampus({ env: { LATCHKEY_CONFIG: join(folder, 'latchkey.yaml'), CARETAKER_SECRET: SECRET } });
});
afterAll(async () => {
  await campus.close();
  rmSync(folder, { recursive: true });
});

async function post(form: Record<string, string>): Promise<{ status: number; answer: unknown }> {
  const body = new URLSearchParams(form).toString();
  const when = String(campus.now().getTime());
  const response = await fetch(`${campus.url()}/webhooks/caretaker`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-when': when,
      'x-check': `sum ${createHmac('sha256', SECRET).update(`${when}/${body}`).digest('base64')}`,
    },
    body,
  });
  return { status: response.status, answer: await response.json() };
}

/** The clock on the wall in Rome, so many minutes from now. */
function wall(minutes: number): { day: string; minute: number } {
  const at = new Date(campus.now().getTime() + minutes * 60_000);
  const parts = new Intl.DateTimeFormat('sv', { timeZone: ZONE, dateStyle: 'short', timeStyle: 'short' }).format(at);
  const [day, time] = parts.split(' ') as [string, string];
  const [hour, minute] = time.split(':').map(Number) as [number, number];
  return { day, minute: hour * 60 + minute };
}

/** A booking may last over midnight: its minutes go on counting. */
const booking = (nr: string, from: number, lasts: number) => {
  const { day, minute } = wall(from);
  return { nr, raum: '2', tag: day, von: String(minute), bis: String(minute + lasts), wer: '4711' };
};

const keys = () => campus.manager.keys();
const soon = { timeout: 15_000, interval: 20 };

test('booked, the key opens the door; moved, it is another booking; cancelled, the door is shut', async () => {
  expect(await post({ was: 'PUTZ', raum: '2' })).toMatchObject({ status: 202, answer: { status: 'ignored' } });
  expect(await post({ was: 'RES', ...booking('A1', -5, 60) })).toMatchObject({
    status: 202,
    answer: { status: 'accepted', reservations: ['A1'] },
  });
  await expect.poll(() => campus.linkFor('ada@house.example'), soon).toBeDefined();
  const claimed = await campus.claim(campus.linkFor('ada@house.example')!, 'ada@house.example');
  expect(claimed.status).toBe(200);
  expect(campus.opens(claimed.body.key)).toBe(true);

  const before = campus.linkFor('ada@house.example');
  expect((await post({ was: 'VER', statt: 'A1', ...booking('A2', -2, 90) })).status).toBe(202);
  await expect.poll(() => keys().map(({ metadata }) => metadata.reservation_id), soon).toEqual(['A2']);
  expect(campus.opens(claimed.body.key)).toBe(false);
  await expect.poll(() => campus.linkFor('ada@house.example') !== before, soon).toBe(true);
  const again = await campus.claim(campus.linkFor('ada@house.example')!, 'ada@house.example');
  expect(campus.opens(again.body.key)).toBe(true);

  expect((await post({ was: 'WEG', nr: 'A2' })).status).toBe(202);
  await expect.poll(() => keys(), soon).toEqual([]);
  expect(campus.opens(again.body.key)).toBe(false);
});

test('without its signature it is not let in, and what cannot be read is kept', async () => {
  const unsigned = await fetch(`${campus.url()}/webhooks/caretaker`, { method: 'POST', body: 'was=RES' });
  expect(unsigned.status).toBe(401);
  expect(await post({ was: 'RES', ...booking('B1', 10, 60), raum: '9' })).toMatchObject({ answer: { status: 'quarantined' } });
  expect(await post({ was: 'SPUK', nr: 'B2' })).toMatchObject({ answer: { status: 'quarantined' } });
});
