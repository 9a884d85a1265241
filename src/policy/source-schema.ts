import { z } from 'zod';
import { MapEntry } from '../sources/map/schema.ts';
import { isZone } from '../sources/map/time.ts';
import { AuthEntry } from './auth-schema.ts';
import { pollSections } from './poll-schema.ts';
import { AnswersEntry, BodyEntry, HandshakesEntry } from './reception-schema.ts';
import { duration, httpUrl, instant, name, reads, secret } from './words.ts';

/** What may stand in a source's entry: how it signs, how its messages become our words. A preset is an entry too. */

const SigningEntry = z.union([
  secret.transform((secret) => ({ secret, notAfter: undefined })),
  z.strictObject({ secret, notAfter: instant.optional().meta({ description: 'Not accepted from then on, for rotation.' }) }),
]);

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
      .enum(['base64', 'base64url', 'hex'])
      .optional()
      .meta({ description: 'Of the digest of auth.hmac, where a preset says another.' }),
    url: httpUrl.optional().meta({
      description: 'Where it posts to, where its signature covers that. Without it PUBLIC_URL and /webhooks/<name>.',
    }),
    timezone: reads((text) => (isZone(text) ? text : undefined), 'is no time zone', 'write one such as Europe/Rome, or UTC')
      .optional()
      .meta({ description: 'Of times that name none.' }),
    body: BodyEntry.optional(),
    handshake: HandshakesEntry.optional(),
    answers: AnswersEntry.optional(),
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
    ...pollSections,
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
