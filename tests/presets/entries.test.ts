import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { formatProblem } from '../../src/policy/problems.ts';
import { loadPolicy } from '../../src/policy.ts';
import { readSettings } from '../../src/settings.ts';
import { presets } from '../../src/sources/presets.ts';
import { builtin } from '../../providers/builtin/driver.ts';

/** Presets as files that people read, copy and name. */

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const ids = presets.map(({ id }) => id);

describe('config/source.schema.json, by which editors judge', () => {
  const schema = z.fromJSONSchema(JSON.parse(read('config/source.schema.json')));

  test.each(presets.map((preset) => [preset.id, preset] as const))('has nothing against %s', (id, preset) => {
    expect(schema.safeParse(preset.entry()).error).toBeUndefined();
    expect(read(`config/sources/${id}.yaml`)).toMatch(/^# yaml-language-server: \$schema=\.\.\/source\.schema\.json\n/);
  });

  test.each([
    { auht: {} },
    { auth: { hmac: { header: 'x y' } } },
    { map: [{ action: 'booked' }] },
    { map: [{ action: 'created', fields: { reservationID: 'id' } }] },
  ])('tells the mistake in %j', (entry) => expect(schema.safeParse(entry).success).toBe(false));
});

describe('every preset', () => {
  const table = read('docs/sources.md');

  test.each(ids)('%s has a page that the table of presets leads to', (id) => {
    expect(existsSync(new URL(`../../config/sources/${id}.md`, import.meta.url))).toBe(true);
    expect(table).toContain(`| [\`${id}\`](../config/sources/${id}.md) |`);
    expect(read(`config/sources/${id}.yaml`)).toContain(`${id}.md beside this file`);
  });

  test.each(ids)('%s: a secret that is not set is told once, by its name', (id) => {
    const problems = problemsOf(`sources:\n  booking:\n    preset: ${id}\n    secrets: ["\${BOOKING_SECRET}"]\n`);
    expect(problems).toEqual([
      'latchkey.yaml:4:15 sources.booking.secrets[0] names ${BOOKING_SECRET}, which is not set; set BOOKING_SECRET or BOOKING_SECRET_FILE in the environment',
    ]);
  });

  test.each(ids)('%s: an entry that says no secret is told what to write', (id) => {
    const problems = problemsOf(`sources:\n  booking: { preset: ${id} }\n`);
    expect(problems).toEqual([
      expect.stringMatching(/^latchkey\.yaml:2:3 sources\.booking has no secret: .*give secrets: \["\$\{NAME\}"\]/),
    ]);
  });
});

function problemsOf(text: string): string[] {
  const env = { WEBHOOK_SECRET: 'of another source' };
  const loaded = loadPolicy({
    text,
    file: 'latchkey.yaml',
    env,
    settings: readSettings(env).settings,
    drivers: [builtin],
    presets,
    now: new Date('2026-01-01T00:00:00Z'),
  });
  return loaded.ok ? [] : loaded.problems.map(formatProblem);
}
