import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { isFree, run, stopAll } from './process-house.ts';
import { freePort } from './scenarios/free-port.ts';

/** Whole processes, and a database made anew. */
const LONG = 180_000;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-process-'));
afterEach(stopAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test(
  'npm start tells once what it makes, keeps it out of the log, and a SIGTERM to npm drains the service',
  async () => {
    const dataDir = join(folder, 'first');
    const env = { DATA_DIR: dataDir, PORT: String(await freePort()) };
    const first = run(['npm', 'start'], env);
    await first.says('"message":"listening"');
    for (const name of ['master.key', 'admin.token', 'webhook.secret']) {
      const file = join(dataDir, name);
      expect(first.err()).toContain(`  ${file}\n`);
      expect(first.out()).not.toContain(file);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(first.out() + first.err()).not.toContain(readFileSync(file, 'utf8').trim());
    }
    expect(first.err()).toContain('Back up master.key');
    expect(isFree(dataDir)).toBe(false);
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    expect(first.logged('stopping')).toMatchObject([{ signal: 'SIGTERM' }]);
    expect(isFree(dataDir)).toBe(true);

    const second = run(['npm', 'start'], env);
    await second.says('"message":"listening"');
    expect(second.err()).not.toContain(dataDir);
    second.child.kill('SIGINT');
    await second.exited;
    expect(second.logged('stopping')).toHaveLength(1);
    expect(isFree(dataDir)).toBe(true);
  },
  LONG,
);
