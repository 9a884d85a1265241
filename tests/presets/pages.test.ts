import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/policy/problems.ts';
import { loadPolicy } from '../../src/policy.ts';
import { matchPlan } from '../../src/reservation/narrow.ts';
import type { Policy } from '../../src/reservation/policy.ts';
import { readSettings } from '../../src/settings.ts';
import { echoOf } from '../../src/sources/handshake/greet.ts';
import { presets } from '../../src/sources/presets.ts';
import { builtin } from '../../providers/builtin/driver.ts';
import { payloadsOf, readAs, readPayload, systems } from './payloads.ts';

/** What the pages tell to paste is pasted, into a file that is empty. */

const page = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
/** Other systems have YAML too. */
const blocksOf = (text: string) =>
  [...text.matchAll(/^```yaml\n(.*?)^```/gms)].flatMap(([, block]) => (/^sources:/m.test(block!) ? [block!] : []));

const PEOPLE = 'id,email,name\nSSKBT02ECWZXK6W3VWYC78E52R,ada@example.org,Ada\n';

const secretFor = (name: string) =>
  name.endsWith('_ENDPOINT')
    ? 'https://portal.example.org/hooks'
    : name.endsWith('_CALENDAR')
      ? 'https://outlook.example.org/calendar.ics'
      : `whsec_${Buffer.alloc(32, name).toString('base64')}`;

function load(text: string): Policy {
  const wanted = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name!, secretFor(name!)]);
  const env = {
    PUBLIC_URL: 'https://keys.example.org',
    SMTP_URL: 'smtp://localhost',
    WEBHOOK_SECRET: 'unused',
    ...Object.fromEntries(wanted),
  };
  const { settings } = readSettings(env);
  const read = loadPolicy({
    text,
    file: 'latchkey.yaml',
    env,
    settings,
    drivers: [builtin],
    presets,
    readFile: (file: string) => ({ text: PEOPLE, file }),
    now: new Date('2026-01-01T00:00:00Z'),
  });
  if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'));
  return read.policy;
}

describe('the page of a preset', () => {
  const pages = readdirSync(new URL('../../config/sources/', import.meta.url)).filter((file) => file.endsWith('.md'));

  test.each(pages)('%s: what it says to paste is a configuration', (file) => {
    const blocks = blocksOf(page(`config/sources/${file}`));
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) load(block);
  });

  test.each(pages.filter((file) => systems.includes(file.slice(0, -3))))('%s: its plan is for what the system sends', (file) => {
    const system = file.slice(0, -'.md'.length);
    const policy = load(blocksOf(page(`config/sources/${file}`)).find((block) => /^plans:/m.test(block))!);
    const [source] = Object.values(policy.sources);
    const resources = payloadsOf(system).flatMap((name) => {
      const reading = readPayload(system, name, { ...source!, secrets: [] });
      const items = reading.reply ? [] : reading.arrival().items;
      return items.flatMap((item) => (item.outcome === 'accepted' && item.event.resource ? [item.event.resource] : []));
    });
    expect(resources.some((resource) => matchPlan(policy, source!.name, resource))).toBe(true);
  });

  test.each(presets.map(({ id }) => id).filter((id) => existsSync(new URL(`../../config/sources/${id}.md`, import.meta.url))))(
    '%s tells what it could not find out',
    (id) => expect(page(`config/sources/${id}.md`)).toMatch(/verified|not tried/i),
  );
});

describe('docs/recipes/microsoft-365.md', () => {
  const text = page('docs/recipes/microsoft-365.md');
  const [room, bookings, graph] = blocksOf(text).map(load);

  test('an appointment that a flow sends is a booking, a change of it, and its end', () => {
    const source = { ...bookings!.sources['bookings']!, secrets: [] };
    const sent = (kind: string, at: string) =>
      readAs(source, {
        body: {
          kind,
          at,
          appointment: {
            Id: 'AAMk=',
            ServiceId: 'svc-1',
            ServiceName: 'GPU lab',
            StartTime: '2026-03-02T09:00:00.0000000',
            EndTime: '2026-03-02T11:00:00.0000000',
            CustomerEmail: 'Ada@example.org',
            CustomerName: 'Ada',
          },
        },
      }).arrival().items;
    expect(sent('created', '2026-03-01T08:00:00.1234567Z')).toMatchObject([
      {
        outcome: 'accepted',
        event: {
          type: 'created',
          reservationId: 'AAMk=',
          resource: { id: 'svc-1', name: 'GPU lab' },
          holders: [{ id: 'ada@example.org', email: 'Ada@example.org' }],
          startsAt: new Date('2026-03-02T09:00:00Z'),
          endsAt: new Date('2026-03-02T11:00:00Z'),
        },
      },
    ]);
    expect(['updated', 'cancelled'].map((kind) => sent(kind, '2026-03-01T09:00:00Z')[0])).toMatchObject([
      { event: { type: 'updated' } },
      { event: { type: 'cancelled' } },
    ]);
    expect(matchPlan(bookings!, 'bookings', { id: 'svc-1', name: 'GPU lab', type: '' })).toMatchObject({ name: 'gpu-lab' });
  });

  test("Graph's address is accepted, and nothing comes of its notifications", () => {
    const source = graph!.sources['graph']!;
    expect(echoOf('validationToken=Validation%3A+Testing&token=x', source.handshakes)).toBe('Validation: Testing');
    const notified = {
      value: [{ changeType: 'created', clientState: 's', resource: 'Users/1/Events/2', resourceData: { id: '2' } }],
    };
    expect(readAs({ ...source, secrets: [] }, { body: notified }).arrival().items).toMatchObject([
      { outcome: 'ignored', reason: 'a notification without the booking: created' },
    ]);
    expect(() => readAs(source, { body: notified })).toThrow();
  });

  test('a published calendar is read', () => {
    expect(room!.sources['room']!.poll).toMatchObject({ kind: 'ical', calendar: { zone: 'Europe/Rome', resource: 'lab-3' } });
    expect(matchPlan(room!, 'room', { id: 'lab-3', name: 'lab-3', type: '' })).toMatchObject({ name: 'lab-3' });
  });
});
