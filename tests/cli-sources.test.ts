import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeSamples } from '../src/lab/sample.ts';
import { latchkey } from './cli-world.ts';

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
    expect(stdout).toMatch(/Sample 1\.json[^]*not judged: its secrets were removed[^]*Sample 2\.json[^]*1\. ignored, a greeting/);
    const wrong = await lab(good, ['--headers-file', file('headers.txt', 'x-signature: v1=00\n')]);
    expect(wrong.stdout).toContain('signature: refused');
    expect(wrong.stdout).toContain('a request must bring the header x-signature');
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
