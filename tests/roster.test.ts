import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtin } from '../providers/builtin/driver.ts';
import { createLog } from '../src/observe/log.ts';
import { formatProblem } from '../src/policy/problems.ts';
import { loadPolicy } from '../src/policy.ts';
import { readSettings } from '../src/settings.ts';
import { presets } from '../src/sources/presets.ts';
import { bookingAt, openCampus, SECRET, type Campus } from './campus.ts';

/** A configuration whose rosters are these files. */
function load(files: Record<string, string>, text = 'sources: { lab: { preset: standard, secrets: [], roster: people.csv } }') {
  const { settings } = readSettings({ WEBHOOK_SECRET: 'unused', LATCHKEY_INSECURE: '1' });
  const read = loadPolicy({
    text,
    file: 'latchkey.yaml',
    env: {},
    settings,
    drivers: [builtin],
    presets,
    now: new Date('2026-01-01T00:00:00Z'),
    readFile: (path) => (files[path] === undefined ? { problem: 'is not there' } : { text: files[path], file: path }),
  });
  return {
    rosterOf: (source: string) => read.readable.sources[source]?.roster,
    problems: read.ok ? [] : read.problems.filter(({ severity }) => severity === 'error').map(formatProblem),
  };
}

const people = (csv: string) => load({ 'people.csv': csv });

describe('a roster is read with the configuration', () => {
  test('as spreadsheets write it: quotes, CRLF, a byte order mark, columns in any order', () => {
    const { rosterOf, problems } = people(
      '\uFEFFname,id,email\r\n"Lovelace, Ada",u1,ada@campus.example\r\n,"0042",bob@campus.example\r\n',
    );
    expect(problems).toEqual([]);
    expect([...rosterOf('lab')!]).toEqual([
      ['u1', { email: 'ada@campus.example', name: 'Lovelace, Ada' }],
      ['0042', { email: 'bob@campus.example', name: undefined }],
    ]);
  });

  test('every mistake is told with file and line, and nothing of what stands there', () => {
    const { rosterOf, problems } = people(
      'id,email\nu1,ada@campus.example\nu2,Bob <bob@campus.example>\n,eve@campus.example\nu1,other@campus.example\nu3,\n',
    );
    expect(problems).toEqual([
      'people.csv:3:1 has no email that mail can be sent to; write one address, without a name',
      "people.csv:4:1 has no id; write the person's id as the source sends it, at most 200 characters",
      'people.csv:5:1 has the id of line 2; leave one of the two',
      'people.csv:6:1 has no email that mail can be sent to; write one address, without a name',
    ]);
    expect(rosterOf('lab')).toBeUndefined();
  });

  test.each([
    ['', 'people.csv:1:1 there is nothing in it'],
    ['id,name\nu1,Ada\n', 'people.csv:1:1 the column email is not there'],
    ['id,email,phone\n', 'people.csv:1:1 there is no such column; known: id, email, name'],
    ['id;email\n', 'people.csv:1:1 columns are separated by commas'],
    ['id,email\nu1,ada@campus.example,Ada\n', 'people.csv:2:1 another number of cells'],
    ['id,email\nu1,"ada@campus.example\n', 'people.csv:2:1 a quote is opened and never closed'],
  ])('%j is no roster', (csv, want) => {
    expect(people(csv).problems).toEqual([expect.stringContaining(want)]);
  });

  test('a file in another format is not told line by line', () => {
    const { problems } = people(`id,email\n${Array.from({ length: 5000 }, (_, n) => `u${n},no address`).join('\n')}\n`);
    expect(problems).toHaveLength(21);
    expect(problems.join('\n')).toContain('is wrong in 5000 lines');
  });

  test('one that is not there is told where it is named', () => {
    expect(load({}).problems).toEqual([
      'latchkey.yaml:1:50 sources.lab.roster is not there; name a CSV file with the columns id, email and name, beside this file',
    ]);
  });

  test("a source that names none has its project's, and no other's", () => {
    const { rosterOf, problems } = load(
      {
        'own.csv': 'id,email\nu1,own@campus.example\n',
        'physics.csv': 'id,email\nu1,physics@campus.example\n',
        'chemistry.csv': 'id,email\nu2,chemistry@campus.example\n',
      },
      `projects: { physics: { roster: physics.csv }, chemistry: { roster: chemistry.csv } }
sources:
  own: { preset: standard, secrets: [], project: physics, roster: own.csv }
  shared: { preset: standard, secrets: [], project: physics }
  other: { preset: standard, secrets: [], project: chemistry }
  none: { preset: standard, secrets: [] }`,
    );
    expect(problems).toEqual([]);
    const emailOf = (source: string) => rosterOf(source)?.get('u1')?.email;
    expect(['own', 'shared', 'other', 'none'].map(emailOf)).toEqual([
      'own@campus.example',
      'physics@campus.example',
      undefined,
      undefined,
    ]);
    expect(rosterOf('none')).toBeUndefined();
  });

  test('50,000 people are read within a second', () => {
    const rows = Array.from(
      { length: 50_000 },
      (_, n) => `${n.toString(16).padStart(32, '0')},person-${n}@campus.example,"Person, ${n}"`,
    );
    const csv = `id,email,name\n${rows.join('\n')}\n`;
    const took = [1, 2, 3].map(() => {
      // Of our own: the machine does other things as well.
      const before = process.cpuUsage();
      expect(people(csv).rosterOf('lab')?.size).toBe(50_000);
      return process.cpuUsage(before).user / 1000;
    });
    expect(Math.min(...took)).toBeLessThan(1000);
  });
});

const soon = { timeout: 10_000, interval: 20 };
const MINUTE = 60_000;

describe('holders whom their source knows by an id alone', () => {
  let campus: Campus;
  let folder: string;
  const lines: string[] = [];
  const put = (file: string, rows: string) => writeFileSync(join(folder, 'rosters', file), `id,email,name\n${rows}\n`);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-roster-'));
    mkdirSync(join(folder, 'rosters'));
    put('lab.csv', 'ada,ada@roster.example,Ada Lovelace');
    put('physics.csv', 'emmy,emmy@roster.example,Emmy Noether');
    const source = `{ preset: cloud-resource-reservation, secrets: ["${SECRET}"]`;
    const plan = (name: string) =>
      `  - { name: ${name}, project: ${name}, provider: generic, unenforced: accept, handover: { by: [email], confirm: email } }\n`;
    writeFileSync(
      join(folder, 'latchkey.yaml'),
      `projects: { default: {}, physics: { roster: rosters/physics.csv } }
sources:
  default: ${source}, roster: rosters/lab.csv }
  physics: ${source}, project: physics }
plans:
${plan('default')}${plan('physics')}`,
    );
    const stream = new Writable({ write: (line, _encoding, done) => (lines.push(String(line)), done()) });
    const log = createLog({ level: 'debug', now: () => new Date(), stream });
    campus = await openCampus({ env: { LATCHKEY_CONFIG: join(folder, 'latchkey.yaml') }, log });
  });
  afterAll(async () => {
    await campus.close();
    rmSync(folder, { recursive: true });
  });

  const mailTo = (email: string) => expect.poll(() => campus.linkFor(email), soon).toBeDefined();
  const quiet = () => new Promise((resolve) => setTimeout(resolve, 1000));

  test('are told at the address of the roster, and confirm by it', async () => {
    const sent = bookingAt(campus, 1, { user: 'ada' }).entity('EVENT_CREATED');
    expect(JSON.stringify(sent)).not.toContain('@');
    expect((await campus.post(sent)).body.status).toBe('accepted');
    await mailTo('ada@roster.example');
    const link = campus.linkFor('ada@roster.example')!;
    expect(campus.mailbox.mails.findLast(({ to }) => to.includes('ada@roster.example'))!.text).toContain('Ada Lovelace');
    expect((await campus.claim(link, 'ada@elsewhere.example')).status).toBe(403);
    expect((await campus.claim(link, 'ada@roster.example')).status).toBe(200);
  });

  test('what the source itself sends is stronger', async () => {
    await campus.post(bookingAt(campus, 2, { user: 'ada' }).flat('EVENT_START'));
    await mailTo('user-2@campus.example');
  });

  test("are not looked up in another project's roster", async () => {
    await campus.post(bookingAt(campus, 3, { user: 'emmy' }).entity('EVENT_CREATED'));
    await quiet();
    expect(campus.linkFor('emmy@roster.example')).toBeUndefined();
    await campus.post(bookingAt(campus, 4, { user: 'emmy' }).entity('EVENT_CREATED'), { path: '/webhooks/physics' });
    await mailTo('emmy@roster.example');
  });

  test('count as of a reload, also for bookings from before; one with a mistake changes nothing', async () => {
    await campus.post(bookingAt(campus, 5, { user: 'bob', startsIn: 30 }).entity('EVENT_CREATED'));
    put('lab.csv', 'bob,no address');
    const [problem] = await campus.reload();
    expect(problem).toMatchObject({ file: join(folder, 'rosters', 'lab.csv'), line: 2, severity: 'error' });
    put('lab.csv', 'bob,wrong@roster.example,\nada,ada@roster.example,');
    expect(await campus.reload()).toEqual([]);
    put('lab.csv', 'bob,bob@roster.example,Bob\nada,ada@roster.example,');
    expect(await campus.reload()).toEqual([]);
    campus.forward(30 * MINUTE);
    await mailTo('bob@roster.example');
    expect(campus.linkFor('wrong@roster.example')).toBeUndefined();
    expect((await campus.claim(campus.linkFor('bob@roster.example')!, 'bob@roster.example')).status).toBe(200);
  });

  test('are in no line of the log and in no metric', async () => {
    const metrics = await (await fetch(`${campus.url()}/metrics`)).text();
    expect(lines.length).toBeGreaterThan(0);
    expect([...lines, metrics].join('\n')).not.toContain('roster.example');
  });
});
