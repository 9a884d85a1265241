import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { writeSamples } from '../src/lab/sample.ts';
import { latchkey, startStandIn, type StandIn } from './cli-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-sources-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const SECRET = 'a-secret-of-the-equipment-desk-0001';
const config = file(
  'latchkey.yaml',
  `sources:
  equipment:
    auth: { hmac: { header: x-signature, prefix: "v1=" } }
    secrets: ["\${EQUIPMENT_SECRET}"]
    timezone: Europe/Rome
    map:
      - match: { expr: kind, in: [booked] }
        action: created
        forEach: slots
        fields: { reservationId: item.ref, resource: machine, startsAt: "datetime(item.day, item.from)", endsAt: "datetime(item.day, item.to)", holderId: user }
      - match: { expr: kind, in: [hello] }
        action: ignore
        reason: a greeting
providers: { local: { driver: builtin } }
plans:
  - { name: laser, match: { resource: "laser-*" }, provider: local }
  - { name: lab, match: { resource: "lab-*" }, provider: local }
`,
);

const slot = { ref: 'B1', day: '2026-01-02', from: '10:00', to: '12:00' };
const booked = JSON.stringify({ kind: 'booked', machine: 'lab-1', user: 'u7', slots: [slot] });
const NOW = ['--now', '2026-01-01T00:00:00Z'] as const;

const lab = async (sample: string, more: readonly string[] = [], name = 'equipment') =>
  await latchkey(['sources', 'test', name, '--sample', sample, '--config', config, ...NOW, ...more], {
    env: { EQUIPMENT_SECRET: SECRET },
  });

describe('sources test', () => {
  const good = file('good.json', booked);

  test('tells a person what would come of it, needs no service and no database, and makes nothing', async () => {
    const signature = createHmac('sha256', SECRET).update(booked).digest('hex');
    const { code, stdout, stderr } = await lab(good, ['--headers', `X-Signature: v1=${signature}`]);
    expect([code, stderr]).toEqual([0, '']);
    for (const part of [
      'signature: accepted, by secret 1',
      '1. accepted: created booking B1',
      'plan laser does not match: resource "laser-*" does not match "lab-1"',
      'plan lab matches: resource "lab-*" matches "lab-1"',
      'Lease for u7 under plan lab at local: pending',
      'window: 2026-01-02 09:00:00Z to 2026-01-02 11:00:00Z',
      '2026-01-02 08:50:00Z  a key is made',
      '2026-01-02 11:00:00Z  the key is taken away: the window closed',
      'Result: 1 accepted, 0 ignored, 0 quarantined. Nothing was stored or sent.',
    ])
      expect(stdout).toContain(part);
    expect(stdout).not.toContain(SECRET);
  });

  test('fails where a real request would be refused, and never shows what it should have been', async () => {
    const { code, stdout } = await lab(good, ['--headers', `x-signature: v1=${'0'.repeat(64)}`]);
    expect([code, stdout]).toEqual([1, expect.stringContaining('signature: refused, the signature does not match')]);
    expect(stdout).not.toContain(createHmac('sha256', SECRET).update(booked).digest('hex'));
  });

  test('fails for what cannot be mapped, with expression and reason', async () => {
    const { code, stdout } = await lab(file('bad.json', booked.replace('"B1"', '{"odd":1}')));
    expect(code).toBe(1);
    expect(stdout).toMatch(/1\. quarantined/);
    expect(stdout).toMatch(/map\[0\]\.fields\.reservationId: .+\n +expression: item\.ref\n +value: \{"odd":1\}/);
  });

  test('is one JSON value with --json', async () => {
    const { code, stdout } = await lab(file('hello.json', '{"kind":"hello"}'), ['--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      source: 'equipment',
      ok: true,
      samples: [{ name: 'hello.json', observations: [{ outcome: 'ignored', reason: 'a greeting' }] }],
      bookings: [],
    });
  });

  test('takes headers of a file, and samples of files and folders', async () => {
    const at = {
      receivedAt: '2026-01-01T00:00:00Z',
      method: 'POST',
      path: '',
      query: '',
      headers: {},
      encoding: 'utf8',
    } as const;
    const rest = { source: 'equipment', outcome: 'accepted', reason: null, ...at };
    const samples = join(folder, 'samples');
    mkdirSync(samples);
    writeFileSync(join(samples, '1.json'), writeSamples([{ ...rest, body: booked }]));
    writeFileSync(join(samples, '2.json'), writeSamples([{ ...rest, body: '{"kind":"hello"}' }]));
    const { code, stdout } = await lab(samples);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /Sample 1\.json[^]*not judged, since its secrets were removed[^]*Sample 2\.json[^]*1\. ignored, a greeting/,
    );
    const wrong = await lab(good, ['--headers-file', file('headers.txt', 'x-signature: v1=00\n')]);
    expect(wrong.stdout).toContain('signature: refused');
    expect(wrong.stdout).toContain('a request must bring the header x-signature');
  });

  test('takes a calendar of a source that is read', async () => {
    const calendar = [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'BEGIN:VEVENT',
      'UID:u1',
      'DTSTART:20260102T090000Z',
      'DTEND:20260102T110000Z',
      'ATTENDEE:mailto:ada@example.org',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ];
    const entry = 'sources:\n  room: { ical: { url: "https://calendar.example/x.ics", zone: UTC, resource: lab-1 } }\n';
    const plans =
      'providers: { local: { driver: builtin } }\nplans: [{ name: lab, match: { resource: "lab-*" }, provider: local }]\n';
    const more = ['--config', file('room.yaml', entry + plans), '--received', '2026-01-01T00:00:00Z'];
    const { code, stdout } = await lab(file('room.ics', calendar.join('\r\n')), more, 'room');
    expect(code).toBe(0);
    for (const part of ['signature: none is asked for', 'list: 1 booking, 1 new or changed', '1. accepted: created booking u1'])
      expect(stdout).toContain(part);
    expect(stdout).toContain('2026-01-02 08:50:00Z  a key is made, and waits for an operator to hand its link on');
    expect(stdout).not.toContain('the holder is told');
  });

  test('wrong usage is told, before anything is read', async () => {
    const none = await lab(good, [], 'equipmnt');
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('did you mean "equipment"?')]);
    expect((await lab(join(folder, 'missing.json'))).code).toBe(2);
    expect((await lab(good, ['--headers', 'no header'])).code).toBe(2);
    const broken = await lab(good, ['--config', file('broken.yaml', 'plans: [{ name: 1 }]')]);
    expect([broken.code, broken.stderr]).toEqual([2, expect.stringContaining('the configuration has mistakes')]);
    expect(readdirSync(folder)).not.toContain('data');
  });
});

describe('what was recorded and kept aside', () => {
  let service: StandIn;
  afterEach(() => service.close());
  const run = async (line: string) =>
    await latchkey([...line.split(' '), '--url', service.url], { env: { LATCHKEY_ADMIN_TOKEN: 'lko_0123456789abcdef' } });

  const at = { receivedAt: '2026-01-01T00:00:00.000Z', outcome: 'refused', reason: 'the signature does not match' };
  const written = {
    source: 'equipment',
    method: 'POST',
    path: '',
    query: '',
    headers: {},
    encoding: 'utf8',
    body: booked,
    ...at,
  };

  test('sources show tells how it signs, what it is answered, and which of its secrets was last used', async () => {
    const secrets = [
      { fingerprint: '1f0c9a', notAfter: null, lastUsedAt: '2026-01-05T10:00:00.000Z', uses: 7 },
      { fingerprint: 'b2d410', notAfter: '2026-02-01T00:00:00.000Z', lastUsedAt: null, uses: 0 },
    ];
    const source = {
      name: 'equipment',
      project: 'default',
      preset: 'zoom',
      path: '/webhooks/equipment',
      signed: true,
      auth: 'the header x-sig with the hex of HMAC-SHA256 over {body}',
      body: 'json',
      handshakes: ['crc', 'ping'],
      timezone: null,
      secrets,
      poll: null,
      tells: { notifications: false, log: false, webhook: false },
    };
    service = await startStandIn({
      'GET /api/v1/sources/equipment': () => ({ body: source }),
      'GET /api/v1/sources/open': () => ({ body: { ...source, name: 'open', signed: false, secrets: [], handshakes: [] } }),
      'GET /api/v1/sources': () => ({ body: { items: [source], next: null } }),
    });
    const { code, stdout } = await run('sources show equipment');
    expect([code, stdout.split('\n').map((line) => line.trimEnd())]).toEqual([
      0,
      [
        'equipment',
        'project: default',
        'preset: zoom',
        'posts to: /webhooks/equipment',
        'must bring: the header x-sig with the hex of HMAC-SHA256 over {body}',
        'body: json',
        'handshakes: crc, ping',
        expect.stringMatching(/^SECRET +LAST USED +USES +ENDS$/),
        expect.stringMatching(/^1f0c9a +2026-01-05 10:00:00Z +7$/),
        expect.stringMatching(/^b2d410 +never +0 +2026-02-01 00:00:00Z$/),
        '',
      ],
    ]);
    expect((await run('sources show open')).stdout).toContain('must bring: nothing: ANYBODY CAN POST');
    expect((await run('sources list')).stdout).toContain('1f0c9a 2026-01-05 10:00:00Z; b2d410 never');
    expect(JSON.parse((await run('sources show equipment --json')).stdout)).toEqual(source);
  });

  test('sources record begins with a length of time, tells how it goes, and is stopped', async () => {
    const recording = { source: 'equipment', until: '2026-01-01T00:10:00.000Z', startedAt: at.receivedAt, startedBy: 'admin' };
    service = await startStandIn({
      'PUT /api/v1/sources/equipment/recording': () => ({ body: { ...recording, samples: 0, most: 100 } }),
      'GET /api/v1/sources/equipment/recording': () => ({ body: { ...recording, samples: 3, most: 100 } }),
      'DELETE /api/v1/sources/equipment/recording': () => ({ status: 204 }),
    });
    const begun = await run('sources record equipment --for 10m');
    const said = 'equipment is recorded until 2026-01-01 00:10:00Z; 0 of at most 100 samples so far\n';
    expect([begun.code, begun.stdout]).toEqual([0, said]);
    expect(service.asked[0]!.body).toEqual({ for: '10m' });
    expect((await run('sources record equipment')).stdout).toContain('3 of at most 100');
    expect((await run('sources record equipment --stop')).stdout).toBe('equipment is no longer recorded\n');
    expect((await run('sources record equipment --stop --for 1m')).code).toBe(2);
  });

  test('sources samples writes files that sources test takes, and overwrites none', async () => {
    service = await startStandIn({
      'GET /api/v1/sources/equipment/samples': () => ({ body: { items: [{ id: 'smp_1', ...at }], next: null } }),
      'GET /api/v1/sources/equipment/samples/smp_1': () => ({ body: { id: 'smp_1', ...at, sample: written } }),
    });
    const saved = join(folder, 'saved');
    const { code, stdout } = await run(`sources samples equipment --save ${saved}`);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/smp_1 .* refused .*the signature does not match/)]);
    expect(readdirSync(saved)).toEqual(['smp_1.json']);
    expect(statSync(join(saved, 'smp_1.json')).mode & 0o077).toBe(0);
    const tested = await lab(saved);
    expect([tested.code, tested.stdout]).toEqual([1, expect.stringContaining('then: refused, the signature does not match')]);
    expect((await run(`sources samples equipment --save ${saved}`)).code).toBe(2);
  });

  test('a source that is read says of what, when it was read last, and what is wrong; nobody posts to it', async () => {
    const poll = {
      kind: 'ical',
      host: 'calendar.example',
      everyMs: 3e5,
      polledAt: '2026-01-01T00:05:00.000Z',
      readAt: '2026-01-01T00:00:00.000Z',
      nextAt: '2026-01-01T00:20:00.000Z',
      bookings: 1,
      failures: 2,
      error: 'it is not there (404)',
    };
    const about = {
      preset: null,
      path: null,
      signed: true,
      auth: 'nothing: it is read',
      body: 'json',
      handshakes: [],
      secrets: [],
    };
    const source = { name: 'rooms', project: 'default', timezone: 'Europe/Rome', ...about, poll };
    service = await startStandIn({
      'GET /api/v1/sources/rooms': () => ({ body: source }),
      'GET /api/v1/sources': () => ({ body: { items: [source], next: null } }),
      'POST /api/v1/sources/rooms/poll': () => ({
        body: { outcome: 'read', bookings: 1, recorded: 1, missing: 0, cancelled: 0, held: 0, error: null },
      }),
    });
    expect((await run('sources show rooms')).stdout).toBe(
      [
        'rooms',
        'project: default',
        'timezone: Europe/Rome',
        'reads: a calendar at calendar.example, every 5 minutes',
        'last read: 2026-01-01 00:00:00Z, 1 booking',
        'last asked: 2026-01-01 00:05:00Z, and failed 2 times in a row',
        'wrong: it is not there (404)',
        'next: 2026-01-01 00:20:00Z',
        '',
      ].join('\n'),
    );
    expect((await run('sources list')).stdout).toContain('FAILS, 2 times in a row');
    expect((await run('sources poll rooms')).stdout).toBe('1 booking, 1 new or changed, 0 missing (0 cancelled, 0 left alone)\n');
  });

  test('quarantine show tells the document, each problem, and whether it would be understood now', async () => {
    const event = { id: 'evt_1', source: 'equipment', reason: 'map[0].fields.startsAt (item.day) is no date', seen: 1 };
    const problem = { at: 'map[0].fields.startsAt', expression: 'item.day', value: '"soon"', reason: 'is no date' };
    const observation = {
      outcome: 'quarantined',
      type: 'created',
      booking: 'B1',
      reason: event.reason,
      said: null,
      problems: [problem],
    };
    const shown = {
      ...event,
      receivedAt: at.receivedAt,
      keptUntil: '2026-01-15T00:00:00.000Z',
      document: { ref: 'B1\u001b[31m', password: '[secret: 7 base64]' },
      headers: { 'x-desk': '7' },
      path: '',
      maps: false,
      observations: [observation],
      bookings: [],
    };
    service = await startStandIn({
      'GET /api/v1/quarantine/evt_1': () => ({ body: shown }),
      'POST /api/v1/quarantine/evt_1/discard': () => ({ body: { outcome: 'ignored' } }),
      'GET /api/v1/quarantine': () => ({ body: { items: [{ ...event, ...at, keptUntil: shown.keptUntil }], next: null } }),
    });
    const { code, stdout } = await run('quarantine show evt_1');
    expect(code).toBe(0);
    for (const part of [
      'kept until 2026-01-15 00:00:00Z',
      '"password": "[secret: 7 base64]"',
      'header x-desk: 7',
      'value: "soon"',
    ])
      expect(stdout).toContain(part);
    expect(stdout).toContain('Now: it would not be understood either.');
    expect(stdout).not.toContain('\u001b[31m');
    expect((await run('quarantine list')).stdout).toContain('2026-01-15 00:00:00Z');
    expect((await run('quarantine discard evt_1 --reason old')).stdout).toBe('evt_1 is ignored\n');
    expect(service.to('POST /api/v1/quarantine/evt_1/discard')[0]!.body).toEqual({ reason: 'old' });
  });
});
