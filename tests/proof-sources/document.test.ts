import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { MappedItem } from '../../src/reservation/source.ts';
import { parseJson } from '../../src/sources/json.ts';
import { verifyRequest } from '../../src/sources/auth/verify.ts';
import { ALLOWED } from '../../src/sources/map/functions.ts';
import { sourceOf } from '../fixtures/source.ts';

/* What docs/sources.md shows works as it stands there: each entry loads, and each message is read by an entry of its section. */

const page = readFileSync(new URL('../../docs/sources.md', import.meta.url), 'utf8');
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const NOW = new Date('2026-03-01T12:00:00Z');

const sections = page.split(/^(?=##+ )/m).map((text) => ({
  title: /^#+ (.*)$/m.exec(text)![1]!,
  entries: Object.entries(Object.assign({}, ...blocks(text, 'yaml').map((block) => parse(block).sources)) as object),
  messages: blocks(text, 'json').map((block) => {
    const read = parseJson(block);
    if (!read.ok) throw new Error(read.problem);
    return read.value;
  }),
}));

function blocks(text: string, kind: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].filter((match) => match[1] === kind).map((match) => match[2]!);
}

const open = (name: string, entry: object) => sourceOf('secrets' in entry ? { ...entry, secrets: [SECRET] } : entry, { name });

const entries = sections.flatMap((section) => section.entries) as [string, object][];
test.each(entries)('the entry %s is one', (name, entry) => {
  expect(open(name, entry).name).toBe(name);
});

describe('each message of the page', () => {
  const cases = sections.flatMap(({ title, entries: near, messages }) =>
    messages.map((message, index) => [`${title}: ${index + 1}`, message, near] as const),
  );
  test('has an entry near it', () => {
    expect(cases.length).toBeGreaterThan(3);
    expect(cases.filter(([, , near]) => near.length === 0)).toEqual([]);
  });
  test.each(cases)('%s', (_title, message, near) => {
    const outcomes = near.map(([name, entry]) => open(name, entry as object).mapping.map(message, { now: NOW }));
    expect(outcomes.some((items) => items.every(({ outcome }) => outcome === 'accepted'))).toBe(true);
  });
});

describe('the system that nobody has seen', () => {
  const { entries: own, messages } = sections.find(({ title }) => title.startsWith('A system that nobody has seen'))!;
  const equipment = open('equipment', (own as [string, object][])[0]![1]);
  const eventOf = ([item]: readonly MappedItem[]) => (item?.outcome === 'accepted' ? item.event : undefined);

  test('a slot that is booked is a booking, at the hours of Rome', () => {
    expect(eventOf(equipment.mapping.map(messages[0], { now: NOW }))).toEqual({
      type: 'created',
      reservationId: 'B-2041',
      version: NOW.getTime(),
      restates: undefined,
      title: undefined,
      resource: { id: 'laser-2', name: 'laser-2', type: '' },
      holders: [{ id: '17', name: 'Ada', email: 'ada@example.org' }],
      startsAt: new Date('2026-03-02T08:30:00Z'),
      endsAt: new Date('2026-03-02T10:00:00Z'),
      parameters: { scopes: ['read'] },
      reply: undefined,
    });
    expect(eventOf(equipment.mapping.map(messages[1], { now: NOW }))).toMatchObject({
      type: 'cancelled',
      reservationId: 'B-2041',
    });
  });

  test('signed as the page says it is let in, and otherwise not', () => {
    const body = Buffer.from(JSON.stringify(messages[0]));
    const timestamp = String(NOW.getTime() / 1000);
    const digest = createHmac('sha256', SECRET).update(`${timestamp}.`).update(body).digest('hex');
    const signed = (signature: string, now: Date) =>
      verifyRequest({ rawHeaders: ['X-Signature', signature, 'X-Timestamp', timestamp], body, now }, equipment);
    expect(signed(`v1=${digest}`, NOW)).toMatchObject({ ok: true });
    expect(signed(digest, NOW)).toMatchObject({ ok: false });
    expect(signed(`v1=${digest}`, new Date(NOW.getTime() + 301_000))).toMatchObject({ ok: false });
  });

  test('config/examples/equipment.yaml says the same', () => {
    const whole = parse(readFileSync(new URL('../../config/examples/equipment.yaml', import.meta.url), 'utf8'));
    expect(whole.sources).toEqual(Object.fromEntries(own as [string, object][]));
  });
});

test('each function of ours is explained', () => {
  for (const name of ['datetime', 'minutes', 'iso', 'epoch', 'add_minutes', 'parse_json']) {
    expect(ALLOWED).toContain(name);
    expect(page).toContain(`\`${name}(`);
  }
});

test('every link to a file leads somewhere', () => {
  const links = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]!);
  for (const link of links) expect(existsSync(new URL(link, new URL('../../docs/', import.meta.url))), link).toBe(true);
});
