import { z } from 'zod';
import { MapEntry } from '../sources/map/schema.ts';
import { isZone } from '../sources/map/time.ts';
import { duration, httpUrl, instant, name, reads, secret } from './words.ts';

/** What may stand in a source's entry: how it signs, how its messages become our words. A preset is an entry too. */

const SigningEntry = z.union([
  secret.transform((secret) => ({ secret, notAfter: undefined })),
  z.strictObject({ secret, notAfter: instant.optional().meta({ description: 'Not accepted from then on, for rotation.' }) }),
]);

const header = z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'write the name of a header, such as x-signature');

const HmacEntry = z
  .strictObject({
    algorithm: z.enum(['sha1', 'sha256', 'sha384', 'sha512']).prefault('sha256'),
    header: header.meta({ description: 'Where the digest is.' }),
    prefix: z.string().prefault('').meta({ description: 'What stands before it.' }),
    signed: z
      .string()
      .refine((text) => text.includes('{body}'), { error: 'does not cover the body', params: { fix: 'write {body} in it' } })
      .prefault('{body}')
      .meta({ description: '{id}, {timestamp}, {url} and {body} stand for what the request brought; the rest for itself.' }),
    encoding: z.enum(['hex', 'base64', 'base64url']).prefault('hex'),
    secretEncoding: z.enum(['utf8', 'base64', 'hex']).prefault('utf8').meta({ description: 'How the secret stands for bytes.' }),
    idHeader: header.optional(),
    timestampHeader: header.optional(),
    timestampUnit: z.enum(['s', 'ms']).prefault('s'),
    tolerance: duration.prefault('5m').meta({ description: 'How far a timestamp may be off, either way.' }),
  })
  .meta({ description: 'A digest under a shared secret (RFC 2104).' });

const AuthEntry = z
  .strictObject({
    hmac: HmacEntry.optional(),
    standardWebhooks: z.strictObject({}).optional().meta({ description: 'Standard Webhooks 1.0.0, v1 and v1a.' }),
  })
  .refine((entry) => Object.values(entry).filter((one) => one !== undefined).length === 1, {
    error: 'must say one way of signing',
    params: { fix: 'write one of hmac and standardWebhooks' },
  })
  .meta({ description: 'How a message shows that it is from this system.' });
export type AuthEntry = z.output<typeof AuthEntry>;

const ROSTER =
  "A CSV file, beside this one: id, email and, if it has one, name. Whom its user ids mean, where it sends no email or name. Without it its project's.";

export const SourceEntry = z
  .strictObject({
    project: name.optional().meta({ description: 'Whose it is. Without it the project named default.' }),
    preset: z.string().optional().meta({
      description: 'A system that we ship a description of (config/sources/). What is said here as well counts instead of it.',
    }),
    auth: AuthEntry.optional(),
    secrets: z
      .array(SigningEntry)
      .optional()
      .meta({ description: 'Any of them may have signed. Write ${NAME}, not the secret.' }),
    encoding: z
      .enum(['base64', 'hex'])
      .optional()
      .meta({ description: 'Of the digest of auth.hmac, where a preset says another.' }),
    url: httpUrl.optional().meta({
      description: 'Where it posts to, where its signature covers that. Without it PUBLIC_URL and /webhooks/<name>.',
    }),
    timezone: reads((text) => (isZone(text) ? text : undefined), 'is no time zone', 'write one such as Europe/Rome, or UTC')
      .optional()
      .meta({ description: 'Of times that name none.' }),
    sent: z
      .strictObject({
        at: z.string().meta({ description: 'An expression: when it was sent. Orders events that name no version.' }),
        within: duration.optional().meta({ description: 'What was sent longer before it arrived has no effect.' }),
      })
      .optional(),
    volatile: z
      .array(z.string())
      .optional()
      .meta({ description: 'Members of the body that change with every sending: two bodies are the same without them.' }),
    map: MapEntry.optional().meta({ description: 'How its messages become our words. The first rule that matches is taken.' }),
    roster: z.string().min(1).optional().meta({ description: ROSTER }),
    callback: z
      .strictObject({
        notifications: httpUrl.optional().meta({ description: 'Takes messages for users. Empty means not configured.' }),
        log: httpUrl.optional().meta({ description: 'Takes the log of webhooks. Empty means not configured.' }),
        timeout: duration.optional(),
      })
      .optional()
      .meta({ description: 'Where news about bookings goes back to.' }),
    webhook: z
      .strictObject({ url: httpUrl, secret })
      .optional()
      .meta({ description: 'A signed webhook (Standard Webhooks) with news about bookings.' }),
  })
  .meta({ description: 'A reservation system that posts events to /webhooks/<name>.' });
export type SourceEntry = z.output<typeof SourceEntry>;
