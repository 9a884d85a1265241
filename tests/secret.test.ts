import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../src/secret/secret.ts';

test('a secret shows itself only when revealed', () => {
  const secret = new Secret('temp_abc');
  for (const shown of [
    // oxlint-disable-next-line typescript/restrict-template-expressions -- what happens then is the question
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }),
    String(secret),
    inspect(secret, { showHidden: true, depth: 9 }),
  ])
    expect(shown).not.toContain('temp_abc');
  expect(secret.reveal()).toBe('temp_abc');
});
