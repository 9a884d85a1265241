import { z } from 'zod';
import type { Limit } from '../reservation/plan.ts';
import type { Hours } from '../reservation/rights.ts';
import { count, rate, reads } from './words.ts';
import { suggest } from '../reservation/suggest.ts';

/** The words for what narrows a key: counts with what they count, and hours of the week. */

/** Absent for cost, which is what a caller says or 1. */
export const unit = z
  .enum(['requests', 'cost'])
  .transform((word): Limit['unit'] => (word === 'requests' ? word : undefined))
  .meta({ description: 'requests counts each call once; cost, as without it, what its caller says it costs.' });

/** `10/second`, or with the unit that it counts. */
export const limit = z
  .union([
    rate,
    z
      .strictObject({ limit: count, per: z.enum(['second', 'minute', 'hour', 'day', 'month']), unit: unit.optional() })
      .transform(({ unit, ...limit }): Limit => ({ ...limit, ...(unit && { unit }) })),
  ])
  .meta({ description: 'A limit, such as 10/second or { limit: 500, per: day, unit: requests }: a sliding window.' });

export const limits = z.array(limit).min(1).meta({ description: 'Further limits; a request must pass all of them.' });

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** `mon`, or `mon-fri`, or `fri-mon` over the end of the week: ISO numbers, 1 for Monday. */
const days = reads(readDays, 'is not a day of the week', `write ${DAYS.join(', ')}, or a range such as mon-fri`).meta({
  description: 'A day, such as mon, or days in a row, such as mon-fri.',
});

const time = (latest: string, fix: string) =>
  reads((text) => (/^([01]\d|2[0-3]):[0-5]\d$/.test(text) || text === latest ? text : undefined), 'is not a time of day', fix);

const zone = z
  .string()
  .superRefine((text, context) => {
    if (isZone(text)) return;
    const fix = `${nearestZone(text)} (an IANA time zone, such as Europe/Rome)`;
    context.addIssue({ code: 'custom', message: `names no time zone: "${text}"`, params: { fix } });
  })
  .meta({ description: 'An IANA time zone, such as Europe/Rome.' });

export const hours = z
  .array(
    z
      .strictObject({
        days: z.array(days).min(1).optional().meta({ description: 'On which it begins; every day when left out.' }),
        from: time('', 'write hours and minutes, such as "08:00"'),
        to: time('24:00', 'write hours and minutes, such as "18:00", or "24:00" for midnight').meta({
          description: 'Where it is not after from, of the day after.',
        }),
        zone,
      })
      .superRefine(({ from, to }, context) => {
        if (from !== to) return;
        const fix = 'write a later time, or from "00:00" to "24:00" for whole days';
        context.addIssue({ code: 'custom', path: ['to'], message: 'is the same as from: no time lies between', params: { fix } });
      })
      .transform(({ days, ...part }): Hours => ({
        ...(days && { days: [...new Set(days.flat())].toSorted((a, b) => a - b) }),
        ...part,
      })),
  )
  .min(1)
  .meta({ description: 'When in the week a key works, by the wall clock of a place; any of them. Without it always.' });

/** `mon`, or `mon-fri`; undefined for what is neither. */
export function readDays(text: string): number[] | undefined {
  const [first = '', last = first, ...more] = text.toLowerCase().split('-');
  const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last)];
  if (from < 0 || to < 0 || more.length > 0) return undefined;
  const length = ((to - from + 7) % 7) + 1;
  return Array.from({ length }, (_, index) => ((from + index) % 7) + 1);
}

/** Fixed offsets such as +01:00 are no zones: they would be wrong for half of the year. */
function isZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function nearestZone(text: string): string {
  const said = suggest(text, Intl.supportedValuesOf('timeZone'));
  return said.startsWith('known') ? 'write one' : said;
}
