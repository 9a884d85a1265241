import { z } from 'zod';
import { Secret } from '../../secret/secret.ts';

/** The small words of the management API: what a caller may write and how what we answer is written. */

/** Codecs read one way (`parse`: what a caller sent) and write the other (`encode`: what we answer), so one schema documents both. */
export const Time = z
  .codec(z.iso.datetime({ offset: true }), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
  .meta({ description: 'An instant (RFC 3339); answers are in UTC.' });

/** Shown once, in this answer, and kept nowhere in the clear. */
export const Shown = z.codec(z.string(), z.instanceof(Secret), {
  decode: (text) => new Secret(text),
  encode: (secret) => secret.reveal(),
});

export const Flag = z
  .codec(z.enum(['true', 'false', '1', '0']), z.boolean(), {
    decode: (text) => text === 'true' || text === '1',
    encode: (flag) => (flag ? 'true' : 'false'),
  })
  .meta({ description: 'true or false.' });

/** One line; control characters and broken Unicode are what a database refuses. */
const OneLine = /^[^\p{Cc}\p{Cs}]*$/u;

export const Text = z.string().min(1).max(300).regex(OneLine, 'must be one line without control characters');

export const Reason = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(OneLine, 'must be one line without control characters')
  .meta({ description: 'Why, for people; stays in the audit for ever.', examples: ['posted in a chat'] });

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds in code. */
export const Duration = z
  .codec(z.string().regex(/^(0|\d{1,7}[smhd])$/, 'must be 0 or a whole number and s, m, h or d, such as 24h'), z.int(), {
    decode: (text) => (text === '0' ? 0 : Number(text.slice(0, -1)) * UNIT_MS[text.at(-1)!]!),
    encode: (ms) => `${Math.round(ms / 1000)}s`,
  })
  .meta({ description: 'A length of time: 0, or a whole number and s, m, h or d, such as 24h.', examples: ['24h'] });

/** No field at all. */
export const Nothing = z.strictObject({});

export const Empty = z.undefined();

export const ById = z.strictObject({ id: Text.meta({ description: 'As the ledger has it.' }) });

const LIMIT = { least: 1, most: 200, usual: 50 } as const;

/** What every list takes besides its filters. */
export const paging = {
  limit: z.coerce
    .number<string>()
    .int()
    .min(LIMIT.least)
    .max(LIMIT.most)
    .default(LIMIT.usual)
    .meta({ description: 'Rows in one answer.' }),
  cursor: z.string().min(1).max(1000).optional().meta({ description: 'As `next` of the answer before; opaque.' }),
};

export function listOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item).readonly(),
    next: z.string().nullable().meta({ description: 'Give it as `cursor` for the next page; null at the end.' }),
  });
}
