import { z } from 'zod';

/** Pieces of foreign JSON that presets have in common. Labels are for display, so a strange one is dropped; ids and times are not. */

const LONGEST_ID = 200;
const LONGEST_LABEL = 300;
const ID_RULE = { error: `must be a text of 1 to ${LONGEST_ID} characters or a whole number` };

/** An id as text; senders write the same one as a number or a string. A number too large to be exact is refused. */
export const Id = z
  .union([z.string().trim().min(1).max(LONGEST_ID), z.int()], ID_RULE)
  .transform(String)
  .refine((id) => id !== '__proto__', { error: 'is reserved' });

/** Null and the empty text count as not stated. */
export const OptionalId = z.union([z.literal(['', null]).transform(() => undefined), Id], ID_RULE).optional();

export const Label = z
  .unknown()
  .optional()
  .transform((value) => {
    const text = typeof value === 'string' ? value.trim() : '';
    return text === '' ? undefined : text.slice(0, LONGEST_LABEL).toWellFormed();
  });

/** Only something an email can be sent to; anything else counts as not stated. */
export const Email = Label.transform((text) => (text && ADDRESS.test(text) ? text : undefined));
const ADDRESS = /^[^\s@<>",;:\\]{1,64}@[^\s@<>",;:\\]{1,250}$/u;

/** For who promises to send nothing else: what `Label` and `Email` drop is refused. */
export const StrictLabel = z
  .string()
  .trim()
  .max(LONGEST_LABEL)
  .nullish()
  .transform((text) => text || undefined);
export const StrictEmail = z
  .email()
  .max(320)
  .nullish()
  .transform((text) => text ?? undefined);

/** An ISO 8601 instant. Without a zone it is refused: guessing one would move a booking by hours. */
export const Instant = z
  .string()
  .meta({ format: 'date-time' })
  .transform((text, context) => {
    const instant = parseInstant(text);
    if (instant) return instant;
    context.addIssue({ code: 'custom', message: 'must be a date and time with a zone, such as 2026-01-01T10:00:00Z' });
    return z.NEVER;
  });

export const OptionalInstant = Instant.nullish().transform((instant) => instant ?? undefined);

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d)(?::?([0-5]\d))?)$/iu;

/** Undefined when it has no zone, names no real moment, or lies outside 1970 to 9999. */
export function parseInstant(text: string): Date | undefined {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const millisecond = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const wall = new Date(Date.UTC(year, month - 1, day, hour, minute, second, millisecond));
  // 30 February and 24:00 are other days to JavaScript; here they are mistakes.
  const real = wall.getUTCDate() === day && wall.getUTCMonth() === month - 1 && wall.getUTCHours() === hour;
  const offset = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * (match[8] === '-' ? -1 : 1);
  if (!real || minute > 59 || second > 59 || Math.abs(offset) > 18 * 60) return undefined;
  const instant = new Date(wall.getTime() - offset * 60_000);
  return instant.getTime() >= 0 && instant.getUTCFullYear() <= 9999 ? instant : undefined;
}

/** What orders events: an instant, or a number that grows. */
export const Version = z.union(
  [z.number().min(0).max(Number.MAX_SAFE_INTEGER), Instant.transform((instant) => instant.getTime())],
  { error: 'must be an instant with a zone, or a number' },
);

export const Truth = z.boolean({ error: 'must be true or false' });

/** The document without the members that could not be read; for news that counts whatever they say. */
export function withoutUnread(document: Readonly<Record<string, unknown>>, error: z.ZodError): Record<string, unknown> {
  const unread = new Set(error.issues.map(({ path }) => path[0]));
  return Object.fromEntries(Object.entries(document).filter(([name]) => !unread.has(name)));
}

/** What is wrong with a document, field by field, without quoting it. */
export function problemOf(error: z.ZodError): string {
  return error.issues
    .map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`)
    .join('; ')
    .slice(0, 500);
}
