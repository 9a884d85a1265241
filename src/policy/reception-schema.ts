import { z } from 'zod';
import { MatchEntry } from '../sources/map/schema.ts';

/** How `body`, `handshake` and `answers` are written: how requests are read and answered. */

const KB = 1024;

export const BodyEntry = z
  .strictObject({
    kind: z.enum(['json', 'form', 'text', 'cloudevents']).prefault('json').meta({
      description:
        'form: an object of its fields; text: an object whose member text has it; cloudevents: { events: [...] }, in any mode of HTTP.',
    }),
    largest: z
      .int()
      .min(1)
      .max(KB * KB)
      .prefault(256 * KB)
      .meta({ description: 'In bytes, also of what a compressed one inflates to.' }),
    deepest: z.int().min(1).max(64).prefault(64).meta({ description: 'Levels of JSON.' }),
    contentEncoding: z.enum(['refuse', 'gzip']).prefault('refuse').meta({
      description: 'Whether a body may be compressed. It is signed as it was sent.',
    }),
  })
  .meta({ description: 'How a body is read.' });

const path = z.string().min(1).max(2000).meta({ description: 'A JMESPath expression of the body.' });

const EchoEntry = z
  .strictObject({
    query: z
      .string()
      .regex(/^[A-Za-z0-9_.~-]{1,100}$/, 'write the name of a parameter, such as validationToken')
      .optional(),
    field: path.optional(),
    match: MatchEntry.optional().meta({ description: 'Which bodies are meant, with field. Without it those that have it.' }),
  })
  .refine((entry) => (entry.query === undefined) !== (entry.field === undefined), {
    error: 'must say one place',
    params: { fix: 'write either query or field' },
  })
  .refine((entry) => entry.query === undefined || entry.match === undefined, {
    error: 'has a match, which asks the body: what stands in the address is sent back before that is read',
    params: { fix: 'leave it out' },
  })
  .meta({ description: 'Sends a text back as it came: of the address, as Microsoft Graph asks, or of a signed body.' });

const HandshakeEntry = z
  .strictObject({
    echo: EchoEntry.optional(),
    crc: z
      .strictObject({ match: MatchEntry, token: path })
      .optional()
      .meta({ description: 'Sends a text of a signed body back with its HMAC-SHA256 under the secret, as Zoom asks.' }),
    options: z
      .strictObject({
        origins: z
          .array(z.string().min(1).max(253))
          .min(1)
          .max(100)
          .meta({ description: 'Who may send, such as eventgrid.azure.net; * for anybody.' }),
        rate: z.int().min(1).max(1_000_000).optional().meta({ description: 'Requests in a minute. Without it any number.' }),
      })
      .optional()
      .meta({ description: 'Answers OPTIONS, as the HTTP 1.1 Web Hooks of CloudEvents ask.' }),
    ping: z
      .strictObject({ match: MatchEntry })
      .optional()
      .meta({ description: 'A signed test of the connection: answered as ignored, not recorded.' }),
  })
  .refine((entry) => Object.values(entry).filter((one) => one !== undefined).length === 1, {
    error: 'must say one handshake',
    params: { fix: 'write one of echo, crc, options and ping; further ones are further entries' },
  });
export type HandshakeEntry = z.output<typeof HandshakeEntry>;

export const HandshakesEntry = z
  .array(HandshakeEntry)
  .max(20)
  .meta({ description: 'What is answered otherwise than an event is.' });

const success = (usual: number) => z.int().min(200).max(299).prefault(usual);

export const AnswersEntry = z
  .strictObject({
    accepted: success(202),
    duplicate: success(202),
    ignored: success(202),
    quarantined: success(202),
    granted: success(204).meta({ description: 'To the question whether a booking would be granted.' }),
    refused: z
      .union([z.int().min(200).max(299), z.int().min(400).max(499)])
      .prefault(403)
      .meta({ description: 'Likewise, where it would not.' }),
  })
  .meta({ description: 'HTTP statuses by what became of a message. 204 and 205 come without a body.' });
