import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { latchkey } from './cli-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

function config(text: string): string {
  const file = join(folder, 'latchkey.yaml');
  writeFileSync(file, text);
  return file;
}

const check = async (args: readonly string[], env?: Record<string, string>) => await latchkey(['check', ...args], { env });

describe('check', () => {
  const good = `providers:
  local: { driver: builtin }
plans:
  - { name: lab, match: { resource: "lab-*" }, provider: local, quota: { max: 50, per: day }, window: { longest: 8h } }
`;

  test('shows the plans of a good configuration, and makes nothing', async () => {
    const dataDir = join(folder, 'data');
    const { code, stdout, stderr } = await check([config(good)], { DATA_DIR: dataDir });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^PLAN .*\nlab +default +resource=lab-\* +local .* 50\/day +100\/hour +8h/);
    expect(stdout).toMatch(/ gateway: scopes methods quota rate expiry\n/);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('needs no file: the environment says it all', async () => {
    const env = { API_MANAGEMENT_ENDPOINT: 'https://keys.example', API_MANAGEMENT_TOKEN: 't' };
    const { code, stdout } = await latchkey(['check', '--json'], { env, cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, plans: [{ name: 'default', provider: 'generic' }] });
  });

  test('a file that LATCHKEY_CONFIG names must be there, and be one that can be read', async () => {
    const missing = join(folder, 'none.yaml');
    const gone = await check([], { LATCHKEY_CONFIG: missing });
    expect([gone.code, gone.stdout]).toEqual([1, expect.stringContaining(`${missing} is not there; `)]);
    const directory = await check([], { LATCHKEY_CONFIG: folder });
    expect([directory.code, directory.stdout]).toEqual([1, expect.stringContaining(`${folder} cannot be read (EISDIR); `)]);
  });

  const bad = `providers:
  local: { driver: builtn }
plans:
  - name: lab
    provider: locl
  - { name: desk, provider: local, window: { longest: 8 hours } }
`;

  test('tells every problem at once, each with file, line and column and what would be right', async () => {
    const file = config(bad);
    const { code, stdout } = await check([file]);
    expect(code).toBe(1);
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => line.slice(0, line.indexOf(' ')))).toEqual([`${file}:2:12`, `${file}:5:5`, `${file}:6:46`]);
    expect(stdout).toMatch(/did you mean "builtin"\?\n.*did you mean "local"\?\n.*such as 8h/);
  });

  test('tells them to machines with --json', async () => {
    const { code, stdout } = await check([config(bad), '--json']);
    expect(code).toBe(1);
    const answer = JSON.parse(stdout) as { ok: boolean; problems: { line: number; path: string }[] };
    expect(answer.ok).toBe(false);
    expect(answer.problems.map(({ line }) => line)).toEqual([2, 5, 6]);
  });

  test('tells what settings a start with a PostgreSQL server would miss, beside the problems of the file', async () => {
    const { code, stdout } = await check([config(bad)], { DATABASE_URL: 'postgres://db/latchkey' });
    expect(code).toBe(1);
    for (const part of ['LATCHKEY_MASTER_KEY', 'LATCHKEY_ADMIN_TOKEN', 'WEBHOOK_SECRET', ':2:12']) expect(stdout).toContain(part);
  });

  test('tells wrong settings', async () => {
    const { code, stdout } = await check([config(bad)], { PORT: 'many' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^environment PORT must be a TCP port/);
    expect(stdout).toContain(':2:12');
  });

  test('a file that is not there is a mistake of usage', async () => {
    expect(await check([join(folder, 'missing.yaml')])).toMatchObject({ code: 2, stdout: '' });
  });

  test('warnings do not fail, and do not get into the result', async () => {
    const { code, stdout, stderr } = await check([
      config(`${good}    # two\n  - { name: late, provider: local, match: { resource: "lab-*" } }\n`),
    ]);
    expect(code).toBe(0);
    expect(stdout).not.toContain('warning');
    expect(stderr).toMatch(/latchkey\.yaml:6:5 warning: plans\[1\] can never match/);
  });

  test('warns of secrets in addresses, and of headers that are read and not signed', async () => {
    const map = String.raw`[{ action: created, fields: { reservationId: id, title: "request.headers.\"x-title\"" } }]`;
    const sources = `sources:
  asked: { auth: { query: { parameter: token } }, secrets: [a], map: [{ action: created, fields: { reservationId: id } }] }
  signed: { auth: { hmac: { header: x-sig } }, secrets: [a], map: ${map} }
  events: { preset: cloudevents, auth: { hmac: { header: x-sig } }, secrets: [a] }
  hook: { auth: { hmac: { header: x-sig } }, secrets: [a], map: [{ action: created, fields: { reservationId: "join('/', [request.path, id])" } }] }
  whole: { auth: { hmac: { header: x-sig, signed: "{url}{body}" } }, secrets: [a], map: [{ action: created, fields: { reservationId: request.path } }] }
  known: { auth: { hmac: { header: x-sig, signed: "{id}.{body}", idHeader: x-id } }, secrets: [a], map: ${map} }
`;
    const { code, stderr } = await check([config(`${sources}${good}`)]);
    expect(code).toBe(0);
    const lines = stderr.trim().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/latchkey\.yaml:2:\d+ warning: sources\.asked\.auth\.query puts the secret in the address/);
    expect(lines[1]).toMatch(/:3:\d+ warning: sources\.signed\.auth\.hmac does not sign what is read from x-title/);
    expect(lines[2]).toMatch(/:4:\d+ warning: sources\.events\.auth\.hmac does not sign what is read from ce- headers/);
    expect(lines[3]).toMatch(/:5:\d+ warning: sources\.hook\.auth\.hmac does not sign what is read from request\.path/);
  });
});
