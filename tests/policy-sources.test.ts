import { describe, expect, test } from 'vitest';
import { drivers } from '../providers/index.ts';
import { loadPolicy } from '../src/policy.ts';
import { readSettings } from '../src/settings.ts';
import { presets } from '../src/sources/presets.ts';

/** What the file says of a source `lab` whose first rule has this, and at which line. */
function problemsOf(rule: string) {
  const { settings } = readSettings({ PUBLIC_URL: 'https://keys.example.org', LATCHKEY_INSECURE: '1' });
  const text = `sources:\n  lab:\n    auth: { hmac: { header: x-signature } }\n    secrets: [a-secret]\n    map:\n      - ${rule}\n`;
  const read = loadPolicy({ text, file: 'f.yaml', env: {}, settings, drivers, presets, now: new Date('2026-01-01T00:00:00Z') });
  return read.ok ? [] : read.problems;
}

describe('a mistake in a rule is told where it is', () => {
  test.each<[string, string, string, RegExp]>([
    [
      'an unknown function',
      '{ action: created, fields: { reservationId: lowr(id) } }',
      'fields.reservationId',
      /lowr\(\) .*"lower"/,
    ],
    ['what is no expression', '{ action: created, fields: { reservationId: "a )" } }', 'fields.reservationId', /character 3/],
    ['no zone', '{ action: created, fields: { reservationId: id, startsAt: "datetime(a, b)" } }', 'fields.startsAt', /zone/],
    ['an unknown field', '{ action: created, fields: { reservationId: id, startAt: a } }', 'fields.startAt', /./],
    ['no booking', '{ action: created, fields: { title: a } }', 'fields', /id of the booking/],
    ['all headers', '{ match: { expr: request.headers }, action: ignore }', 'match.expr', /name one/],
    [
      'the header of the sender',
      '{ match: { expr: "request.headers.\\"X-Signature\\"" }, action: ignore }',
      'match.expr',
      /x-signature/,
    ],
  ])('%s', (_what, rule, path, message) => {
    expect(problemsOf(rule)).toMatchObject([
      { line: 6, path: `sources.lab.map[0].${path}`, message: expect.stringMatching(message) },
    ]);
  });
});
