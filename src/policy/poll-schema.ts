import { z } from 'zod';
import { isZone } from '../sources/map/time.ts';
import { Secret } from '../secret/secret.ts';
import { duration, reads, secret } from './words.ts';

/** How `ical` and `poll` are written: what is read from a source that does not push. */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MB = 1024 * 1024;

const within = (shortest: number, longest: number, words: string) =>
  duration.refine((ms) => ms >= shortest && ms <= longest, { error: 'is too short or too long', params: { fix: words } });

/** Calendars are often offered as webcal://, which is https. */
const address = z
  .string()
  .transform((text, context): Secret => {
    const url = URL.parse(text.trim().replace(/^webcals?:/i, 'https:'));
    if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return new Secret(url.href);
    context.addIssue({
      code: 'custom',
      message: 'is not a URL',
      params: {
        fix: 'write one that begins with http://, https:// or webcal:// and holds no user or password (there is basic for that)',
      },
    });
    return z.NEVER;
  })
  .meta({ description: 'Where it is. One that only its readers may know is better written as ${NAME}.' });

const Headers = z
  .record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'write the name of a header, such as x-api-key'), secret)
  .optional()
  .meta({ description: 'Sent along. Write ${NAME}, not a secret.' });

const common = {
  url: address,
  every: within(MINUTE_MS, DAY_MS, 'write 1m to 1d').prefault('5m').meta({ description: 'How often it is read, 1m to 1d.' }),
  headers: Headers,
  bearer: secret.optional().meta({ description: 'Sent as Authorization: Bearer.' }),
  basic: z
    .strictObject({ username: z.string().min(1), password: secret })
    .optional()
    .meta({ description: 'RFC 7617.' }),
  largest: z
    .int()
    .min(1)
    .max(20 * MB)
    .prefault(5 * MB)
    .meta({ description: 'In bytes, also of what a compressed answer inflates to.' }),
};

const zone = reads((text) => (isZone(text) ? text : undefined), 'is no time zone', 'write one such as Europe/Rome, or UTC');

export const IcalEntry = z
  .strictObject({
    ...common,
    zone: zone.optional().meta({ description: 'Of days, and of times that name none. Without it the timezone of the source.' }),
    ahead: within(DAY_MS, 400 * DAY_MS, 'write 1d to 400d')
      .prefault('60d')
      .meta({ description: 'Occurrences that begin later are not read yet, 1d to 400d.' }),
    resource: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: 'What it is the calendar of. Without it the location of each event, or the name of the calendar.' }),
  })
  .meta({ description: 'A calendar (RFC 5545) that is the truth of its bookings.' });
export type IcalEntry = z.output<typeof IcalEntry>;

export const PollEntry = z
  .strictObject(common)
  .meta({ description: 'A list in JSON that is the truth of its bookings. `map` says how to read it.' });
export type PollEntry = z.output<typeof PollEntry>;

/** In the entry of a source. */
export const pollSections = { ical: IcalEntry.optional(), poll: PollEntry.optional() };
export interface PollSections {
  readonly ical?: IcalEntry;
  readonly poll?: PollEntry;
}
