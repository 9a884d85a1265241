import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { bookingAt } from './campus.ts';
import type { Answer, LeaksHouse } from './leaks-house.ts';

const soon = { timeout: 30_000, interval: 50 };

/** Requests with secrets of their sender, recorded as samples and put into quarantine, and all that may be seen of them. Adds what must be nowhere to `needles`. */
export async function liveInTheLab(house: LeaksHouse, needles: Map<string, string | Buffer>): Promise<void> {
  const secret = (name: string, value = `sent-${randomBytes(20).toString('hex')}`): string => {
    needles.set(name, value);
    return value;
  };
  const headers = { authorization: `Bearer ${house.made.adminToken}` };
  const begun = await house.ask('/api/v1/sources/default/recording', { method: 'PUT', headers, body: { for: '10m' } });
  expect(begun.status).toBe(200);

  const data = {
    password: secret('a password that was sent'),
    nested: { api_key: secret('a key that was sent'), note: `use Bearer ${secret('a token in a text')} there` },
    inText: JSON.stringify({ client_secret: secret('a secret in JSON in a text') }),
    ours: `signed with ${house.made.webhookSecret}`,
  };
  const unread = { eventType: 'EVENT_CREATED', timestamp: new Date().toISOString(), data };
  expect((await house.tell(unread)).text).toContain('quarantined');
  const booked = bookingAt({ now: () => new Date() }, 4).flat('EVENT_START');
  expect((await house.tell({ ...booked, ...data })).status).toBe(202);
  await house.tell(unread, 'another secret');
  const stranger = {
    authorization: `Bearer ${secret('a token in a header')}`,
    cookie: `session=${secret('a cookie')}`,
    'x-webhook-signature': secret('a signature that is none'),
  };
  await house.ask(`/webhook?token=${secret('a token in the address')}`, { body: unread, headers: stranger });
  await house.tell(`{"password": "${secret('a password in what is no JSON')}`);

  const samples = async () => ids(await house.operate('/sources/default/samples'), /smp_[0-9a-f]+/g);
  await expect.poll(async () => (await samples()).length, soon).toBe(5);
  for (const id of await samples()) expect((await house.operate(`/sources/default/samples/${id}`)).status).toBe(200);
  // The oldest come first; those of before may be shown with what they say.
  const kept = ids(await house.operate('/quarantine?source=default'), /evt_[0-9a-f]+/g).at(-1)!;
  expect((await house.operate(`/quarantine/${kept}`)).text).toContain('nested');
  await house.operate(`/events/${kept}/replay`, {});
  for (const path of ['/events', '/audit', '/sources/default/recording', '/sources/default', '/explain?source=default&booking=4'])
    expect((await house.operate(path)).status, path).toBe(200);
  await house.ask('/metrics');
}

function ids({ status, text }: Answer, of: RegExp): string[] {
  expect(status).toBe(200);
  return [...new Set(text.match(of))];
}
