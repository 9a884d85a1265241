import { setTimeout as wait } from 'node:timers/promises';
import type { AuditVerification, KeyAnswer, StoryAnswer } from '../answers.ts';
import { path } from '../api.ts';
import type { SampleType } from '../samples/sample.ts';
import { storyText } from '../story.ts';
import { ask, claim, post, theLease, until, type Posted } from './acts.ts';
import type { Narrator } from './narrator.ts';
import { CALLS_PER_SECOND, type Stage } from './stage.ts';

const LENGTH_MS = 11_000;
const EXTENSION_MS = 4000;
const ADA = 'ada@example.org';
const BOOKING = { booking: '42', resource: 'lab-1', resourceType: 'API Key', email: ADA, parameters: { scopes: ['read'] } };
const READING = '/measurements/7';

/** One booking's life in about twenty seconds. Every promise is checked; the first broken one ends the play. */
export async function play(stage: Stage, narrator: Narrator): Promise<void> {
  const startsAt = new Date();
  const firstEnd = new Date(startsAt.getTime() + LENGTH_MS);
  const lastEnd = new Date(firstEnd.getTime() + EXTENSION_MS);
  const send = (type: SampleType, endsAt: Date) => post(stage, { ...BOOKING, type, startsAt, endsAt });

  const first = await begin(stage, narrator, () => send('started', firstEnd));
  await call(stage, narrator, first);
  await repeat(stage, narrator, () => send('started', firstEnd));
  const second = await rotate(stage, narrator, first);
  await extend(stage, narrator, { key: second, firstEnd, send: () => send('updated', lastEnd) });
  await end(stage, narrator, { key: second, lastEnd });
  await lookBack(stage, narrator);
}

async function begin({ inbox }: Stage, narrator: Narrator, send: () => Promise<Posted>): Promise<string> {
  narrator.act('The booking begins');
  const { status, answer } = await send();
  narrator.promise(
    `the signed start event is recorded and acknowledged: ${status} ${answer.status}`,
    answer.status === 'accepted',
  );
  const { text, link } = await until('the message to the holder', () => inbox.take('issued'));
  narrator.say(`the holder hears: "${text.slice(0, text.indexOf('http'))}..."`);
  narrator.promise('the message carries a claim link and no key', link !== undefined && !/temp_[0-9A-Za-z]{33}/.test(text));
  narrator.promise("who does not know the booking's address gets no key", (await claim(link!, 'eve@example.org')) === undefined);
  const key = await claim(link!, ADA);
  narrator.promise(`Ada claims her key: ${masked(key)}`, key !== undefined);
  narrator.promise('the link shows it once', (await claim(link!, ADA)) === undefined);
  return key!;
}

async function call({ lab }: Stage, narrator: Narrator, key: string): Promise<void> {
  narrator.act('Calls to an API that asks Latchkey about every request');
  const told = async (text: string, request: Parameters<typeof ask>[1], code: string) => {
    const answer = await ask(lab, request);
    narrator.promise(`${text}: ${answer.status} ${answer.code}`, answer.code === code);
  };
  await told(`GET ${READING}`, { key, path: READING }, 'VALID');
  await told(`POST ${READING}, which her scope does not allow`, { key, path: READING, method: 'POST' }, 'INSUFFICIENT_SCOPE');
  await told('GET /settings, which her plan does not allow', { key, path: '/settings' }, 'ENDPOINT_FORBIDDEN');
  await told('a key that nobody issued', { key: `${key.slice(0, -1)}!`, path: READING }, 'NOT_FOUND');
  const burst = Array.from({ length: 3 * CALLS_PER_SECOND }, () => ask(lab, { key, path: READING }));
  const codes = (await Promise.all(burst)).map(({ code }) => code);
  const count = (code: string) => codes.filter((seen) => seen === code).length;
  const [good, late] = [count('VALID'), count('RATE_LIMITED')];
  narrator.promise(`${codes.length} calls at once: ${good} pass, ${late} have to wait`, late > 0 && good + late === codes.length);
}

async function repeat({ api }: Stage, narrator: Narrator, send: () => Promise<Posted>): Promise<void> {
  narrator.act('The reservation system repeats itself, with a new time stamp');
  const { status, answer } = await send();
  narrator.promise(`the repetition is acknowledged as what it is: ${status} ${answer.status}`, answer.status === 'duplicate');
  const keys = await api.list<KeyAnswer>('/keys', {}, 10);
  narrator.promise('there is still one key', keys.items.length === 1);
}

async function rotate({ api, inbox, lab }: Stage, narrator: Narrator, old: string): Promise<string> {
  narrator.act('An operator rotates the key, with three seconds of overlap');
  const lease = await theLease(api);
  await api.post(path`/leases/${lease.id}/rotate`, { overlap: '3s', reason: 'demo' });
  const { link } = await until('the message about the new key', () => inbox.take('rotated'));
  const key = await claim(link!, ADA);
  narrator.promise(`Ada claims her new key: ${masked(key)}`, key !== undefined && key !== old);
  // The burst may have used the rate of this second up.
  await wait(1000);
  const both = [await ask(lab, { key: old, path: READING }), await ask(lab, { key: key!, path: READING })];
  narrator.promise(
    'both are good for now',
    both.every(({ code }) => code === 'VALID'),
  );
  const refused = await until('the end of the overlap', async () => {
    const { code } = await ask(lab, { key: old, path: READING });
    return code === 'VALID' || code === 'RATE_LIMITED' ? undefined : code;
  });
  narrator.promise(`the old key ends with the overlap: ${refused}`, refused === 'REVOKED');
  const { code } = await until('a free call', async () => unlessLimited(await ask(lab, { key: key!, path: READING })));
  narrator.promise('the new key goes on', code === 'VALID');
  return key!;
}

async function extend(
  { api, lab }: Stage,
  narrator: Narrator,
  { key, firstEnd, send }: { key: string; firstEnd: Date; send: () => Promise<Posted> },
): Promise<void> {
  narrator.act(`The booking is extended by ${EXTENSION_MS / 1000} seconds`);
  await send();
  const closesAt = await until('the new window', async () => {
    const lease = await theLease(api);
    return lease.closesAt !== null && new Date(lease.closesAt) > firstEnd ? lease.closesAt : undefined;
  });
  narrator.say(`the window now closes at ${closesAt.slice(11, 19)} instead of ${firstEnd.toISOString().slice(11, 19)}`);
  await wait(Math.max(0, firstEnd.getTime() - Date.now() + 500));
  const { status, code } = await ask(lab, { key, path: READING });
  narrator.promise(`after the first end the same key still works: ${status} ${code}`, code === 'VALID');
}

async function end(
  { api, lab, inbox }: Stage,
  narrator: Narrator,
  { key, lastEnd }: { key: string; lastEnd: Date },
): Promise<void> {
  narrator.act('The booking ends, and the reservation system never says so');
  await wait(Math.max(0, lastEnd.getTime() - Date.now()));
  const { status, code } = await ask(lab, { key, path: READING });
  narrator.promise(`the window closes by Latchkey's own clock: ${status} ${code}`, status === 401);
  await until('the revocation', async () => ((await theLease(api)).state === 'revoked' ? true : undefined));
  narrator.promise(
    'the key is revoked, and is told to have expired',
    (await ask(lab, { key, path: READING })).code === 'EXPIRED',
  );
  const { text } = await until('the last message', () => inbox.take('revoked'));
  narrator.say(`the holder hears: "${text}"`);
}

async function lookBack({ api }: Stage, narrator: Narrator): Promise<void> {
  narrator.act(`Looking back: latchkey explain default ${BOOKING.booking}`);
  const story = await api.get<StoryAnswer>('/explain', { source: 'default', booking: BOOKING.booking });
  narrator.show(storyText(story));
  narrator.act('Looking back: latchkey audit verify');
  const { body } = await api.post<AuditVerification>('/audit/verify');
  narrator.promise(body.ok ? `${body.rows} entries in an unbroken chain` : `broken at ${body.seq}: ${body.what}`, body.ok);
}

function unlessLimited<Answer extends { readonly code: string }>(answer: Answer): Answer | undefined {
  return answer.code === 'RATE_LIMITED' ? undefined : answer;
}

function masked(key: string | undefined): string {
  return key === undefined ? 'none' : `${key.slice(0, 9)}…${key.slice(-4)}`;
}
