import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sourceOf } from '../fixtures/source.ts';
import { addUp, allOf, arrivalOf, grantedAt, valuesOf } from './add-up.ts';
import { mixed, ordersOf } from './orders.ts';
import { createRandom } from './random.ts';
import { clock, type Sent, type Story } from './script.ts';
import { scripts } from './scripts.ts';
import { SECRET } from './secret.ts';

/* Whatever the order in which a system's messages about one booking arrive, and however often: the same booking, and the same keys. */

test('every preset says what its system sends', () => {
  const files = readdirSync(new URL('../../config/sources', import.meta.url)).filter((file) => file.endsWith('.yaml'));
  expect(Object.keys(scripts).sort()).toEqual(files.map((file) => file.slice(0, -'.yaml'.length)).sort());
});

describe.each(Object.entries(scripts))('%s', (id, make) => {
  const script = make(clock);
  const source = sourceOf({ preset: id, secrets: [SECRET], ...script.entry }, { name: id });
  const asArrived = (sends: readonly Sent[]) => sends.map((sent, index) => arrivalOf(source, sent, clock(9 + index / 60)));

  test.each(script.stories)('$name: everything in it is understood', ({ sends }) => {
    expect(addUp(source, asArrived(sends)).kept).toEqual([]);
  });

  test.each(script.stories)('$name: who has a key, and when', (story) => {
    expect(grants(story, addUp(source, asArrived(story.sends)).bookings)).toEqual(story.grants.map(({ to }) => to));
  });

  test.each(script.stories)('$name: the same in every order', (story) => {
    const wanted = addUp(source, asArrived(story.sends)).bookings;
    const ends = ordersOf(story.sends).map((order) => addUp(source, asArrived(order)).bookings);
    const compared = story.undated === undefined ? allOf : valuesOf;
    for (const end of ends) {
      expect(grants(story, end)).toEqual(story.grants.map(({ to }) => to));
      expect(compared(end)).toBe(compared(wanted));
    }
    // Should its messages have a time after all, it is no exception any more.
    if (story.undated !== undefined) expect(new Set(ends.map(allOf)).size).toBeGreaterThan(1);
  });

  test.each(script.stories)('$name: the same with everything sent again', (story) => {
    const wanted = addUp(source, asArrived(story.sends)).bookings;
    const random = createRandom(7);
    for (const order of ordersOf(story.sends)) {
      const exact = addUp(source, asArrived(mixed(order, order, random))).bookings;
      const compared = story.undated === undefined ? allOf : valuesOf;
      expect(compared(exact)).toBe(compared(wanted));
      const copies = order.map((sent, index): Sent => ({ ...sent, ...script.again?.(sent, clock(8.5 + index / 100)) }));
      const stamped = addUp(source, asArrived(mixed(order, copies, random))).bookings;
      expect(valuesOf(stamped)).toBe(valuesOf(wanted));
      expect(grants(story, stamped)).toEqual(story.grants.map(({ to }) => to));
    }
  });

  test('what is no news of a booking is taken and changes nothing', () => {
    const noise = (script.noise ?? []).map((sent): Sent => ({ name: 'noise', at: clock(1), ...sent }));
    expect(addUp(source, asArrived(noise))).toEqual({ bookings: new Map(), kept: [] });
  });
});

function grants({ grants: moments }: Story, bookings: Parameters<typeof grantedAt>[0]): string[][] {
  return moments.map(({ at }) => grantedAt(bookings, at));
}
