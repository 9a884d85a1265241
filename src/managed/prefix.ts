import { quoted } from '../reservation/text.ts';
import type { Bounds, KeyAsked, Refusal } from './asked.ts';

const LONGEST = 16;
const PREFIX = /^[a-z][a-z0-9_]*$/;

/**
 * What a key begins with: the project's prefix or the one that is asked for, then its environment, such as `lab_test`. It may not look like a
 * key of another project.
 */
export function prefixFor(
  { prefix, environment }: Pick<KeyAsked, 'prefix' | 'environment'>,
  { rules, otherPrefixes }: Pick<Bounds, 'rules' | 'otherPrefixes'>,
  refused: Refusal[],
): string {
  const whole = [prefix ?? rules.prefix, ...(environment === undefined ? [] : [environment])].join('_');
  if (!PREFIX.test(whole) || whole.length > LONGEST)
    refused.push({
      at: environment === undefined ? 'prefix' : 'environment',
      why: `${quoted(whole)} cannot begin a key: that is a lower-case letter and up to ${LONGEST - 1} of a-z, 0-9 and _`,
    });
  const other = prefix !== undefined && otherPrefixes.find((one) => whole === one || whole.startsWith(`${one}_`));
  if (other && other !== rules.prefix) refused.push({ at: 'prefix', why: `${quoted(other)} begins the keys of another project` });
  return whole;
}
