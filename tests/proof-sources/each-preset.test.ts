import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presets } from '../../src/sources/presets.ts';
import { openCampus, type Campus } from '../campus.ts';
import { LIVES } from './lives.ts';
import { written, type Clock, type Sent } from './script.ts';
import { scripts } from './scripts.ts';
import { SECRET } from './secret.ts';
import { postedBy } from './vendors.ts';

/*
 * One booking of every system that we have a preset for, through the whole service: posted over HTTP as that system signs it, the key claimed
 * by its holder from the mail, the door asked at /v1/verify before the booking, during it and after its end or cancellation.
 */

const folder = mkdtempSync(join(tmpdir(), 'latchkey-presets-'));
const nameOf = (preset: string, life: string) => `${preset.replaceAll('.', '-')}-${life}`;
const lives = presets.flatMap(({ id }) =>
  (['over', 'untold', 'cancelled'] as const).flatMap((life) => {
    const story = LIVES[id]?.[life];
    return story === undefined ? [] : [{ preset: id, life, story, holder: LIVES[id]!.holder, source: nameOf(id, life) }];
  }),
);

const config = {
  sources: Object.fromEntries(
    lives.map(({ preset, source }) => [source, { preset, secrets: ['${THEIR_SECRET}'], roster: 'people.csv' }]),
  ),
  providers: { local: { driver: 'builtin' } },
  plans: [
    {
      name: 'all',
      match: {},
      provider: 'local',
      scopes: { default: ['read'], allowed: ['read'] },
      endpoints: { default: ['/**'], allowed: ['/**'] },
      // A key that is used up does not open the door either.
      quota: 'none',
      rateLimit: 'none',
      // Nothing is made before its time: what is moved or called off before has no key and no link yet.
      window: { longest: '24h', issueBefore: '0m' },
      handover: { by: ['email'], confirm: 'email' },
    },
  ],
};

let campus: Campus;
beforeAll(async () => {
  writeFileSync(join(folder, 'latchkey.yaml'), JSON.stringify(config));
  const people = ['id,email', 'ada,ada@campus.example', 'CUST,cust@shop.example'];
  writeFileSync(join(folder, 'people.csv'), `${people.join('\n')}\n`);
  campus = await openCampus({ env: { LATCHKEY_CONFIG: join(folder, 'latchkey.yaml'), THEIR_SECRET: SECRET } });
});
afterAll(async () => {
  await campus.close();
  rmSync(folder, { recursive: true });
});

const soon = { timeout: 15_000, interval: 20 };

test('every preset has a life here, with an end, or the clock where its system tells none, and with a cancellation', () => {
  expect(presets.map(({ id }) => id).filter((id) => !LIVES[id]?.cancelled || !(LIVES[id].over ?? LIVES[id].untold))).toEqual([]);
});

async function post({ preset, source }: (typeof lives)[number], sent: Sent): Promise<void> {
  const { path, headers, body } = postedBy(preset, written(sent), {
    secret: SECRET,
    now: campus.now(),
    url: `${campus.env['PUBLIC_URL']}/webhooks/${source}`,
    id: `msg_${sent.name.replaceAll(' ', '_')}`,
  });
  const address = `${campus.url()}/webhooks/${source}${path ? `/${path}` : ''}`;
  const response = await fetch(address, { method: 'POST', headers: { ...headers }, body: new Uint8Array(body) });
  const text = await response.text();
  expect(response.status, text).toBeLessThan(300);
  // Some want an answer without a body.
  if (text !== '') expect(JSON.parse(text)).toMatchObject({ status: 'accepted' });
}

async function opens(key: string): Promise<boolean> {
  const response = await fetch(`${campus.url()}/v1/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, method: 'GET', path: '/api/x' }),
  });
  const answer = (await response.json()) as { valid: boolean };
  expect(response.status, JSON.stringify(answer)).toBe(200);
  return answer.valid;
}

/** The key that the mail to its holder leads to; the mails are read. */
async function claimed(holder: string): Promise<string> {
  await expect.poll(() => campus.linkFor(holder), soon).toBeDefined();
  const { status, body } = await campus.claim(campus.linkFor(holder)!, holder);
  expect(status, JSON.stringify(body)).toBe(200);
  campus.mailbox.mails.splice(0);
  return body.key;
}

describe.each(lives)('$source: $story', (life) => {
  test('the door opens for its holder in its time, and no longer', async () => {
    // Some systems know whole seconds only.
    const began = new Date(Math.floor(campus.now().getTime() / 1000) * 1000);
    const at: Clock = (minutes) => new Date(began.getTime() + minutes * 60_000);
    const until = (minutes: number) => campus.forward(Math.max(0, at(minutes).getTime() - campus.now().getTime()));
    const { sends, grants } = scripts[life.preset]!(at).stories.find(({ name }) => name === life.story)!;
    const before = life.life === 'untold' ? sends : sends.slice(0, -1);

    for (const sent of before.filter((one) => one.at < at(3))) {
      until((sent.at.getTime() - began.getTime()) / 60_000);
      await post(life, sent);
    }
    expect(campus.linkFor(life.holder)).toBeUndefined();
    until(4.2);
    for (const sent of before.filter((one) => one.at >= at(3))) await post(life, sent);
    const key = await claimed(life.holder);
    expect(await opens(key)).toBe(true);

    until(5.5);
    expect(await opens(key)).toBe(true);
    if (life.life !== 'cancelled') until(8.1);
    if (life.life !== 'untold') await post(life, sends.at(-1)!);
    await expect.poll(() => opens(key), soon).toBe(false);
    expect(grants.at(-1)!.to).toEqual([]);
  });
});
