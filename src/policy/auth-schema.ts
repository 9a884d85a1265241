import { z } from 'zod';
import { duration } from './words.ts';

/** How `auth` is written: one way in which a system shows that a message is from it. */

const header = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'write the name of a header, such as x-signature');

const HmacEntry = z
  .strictObject({
    algorithm: z.enum(['sha1', 'sha256', 'sha384', 'sha512']).prefault('sha256'),
    header: header.meta({ description: 'Where the digest is.' }),
    prefix: z.string().optional().meta({ description: 'What stands before the digest, such as v1=.' }),
    format: z.string().optional().meta({
      description: 'Where it is among others, such as t={timestamp},v1={signature}: parts in any order, others are passed over.',
    }),
    regex: z.string().optional().meta({
      description: 'Where it is, as a regular expression with a group named signature, and timestamp or id. Prefer format.',
    }),
    listSeparator: z
      .string()
      .min(1)
      .max(5)
      .optional()
      .meta({ description: 'Between several signatures in one header, any of which may match. In a format a comma.' }),
    signed: z
      .string()
      .refine((text) => text.includes('{body}'), { error: 'does not cover the body', params: { fix: 'write {body} in it' } })
      .prefault('{body}')
      .meta({ description: '{id}, {timestamp}, {url} and {body} stand for what the request brought; the rest for itself.' }),
    encoding: z.enum(['hex', 'base64', 'base64url']).prefault('hex'),
    secretEncoding: z.enum(['utf8', 'base64', 'hex']).prefault('utf8').meta({ description: 'How the secret stands for bytes.' }),
    idHeader: header.optional().meta({ description: 'Where the id is that is signed: it then tells a repeated message.' }),
    timestampHeader: header.optional().meta({ description: 'Where the time of sending is that is signed.' }),
    timestampUnit: z.enum(['s', 'ms']).prefault('s').meta({ description: 'Since 1970.' }),
    tolerance: duration.prefault('5m').meta({ description: 'How far that time may be off, either way.' }),
  })
  .meta({ description: 'A digest under a shared secret (RFC 2104).' });
export type HmacEntry = z.output<typeof HmacEntry>;

const TokenEntry = z
  .strictObject({
    header: header.optional(),
    prefix: z.string().optional().meta({ description: 'What stands before it in the header.' }),
    field: z.string().optional().meta({ description: 'A path in the body, such as auth.token.' }),
  })
  .refine((entry) => (entry.header === undefined) !== (entry.field === undefined), {
    error: 'must say one place',
    params: { fix: 'write either header or field' },
  })
  .refine((entry) => entry.field === undefined || entry.prefix === undefined, {
    error: 'has a prefix, which stands in a header only',
    params: { fix: 'leave it out' },
  })
  .meta({ description: 'One of the secrets as it is, in a header or in the body.' });

export const AuthEntry = z
  .strictObject({
    hmac: HmacEntry.optional(),
    standardWebhooks: z.strictObject({}).optional().meta({ description: 'Standard Webhooks 1.0.0, v1 and v1a.' }),
    token: TokenEntry.optional(),
    basic: z
      .strictObject({ username: z.string().regex(/^[^:\p{Cc}]{1,200}$/u, 'write a name without a colon') })
      .optional()
      .meta({ description: 'RFC 7617. The password is one of the secrets.' }),
    bearer: z.strictObject({}).optional().meta({ description: 'Authorization: Bearer and one of the secrets (RFC 6750).' }),
    clientCertificate: z
      .strictObject({
        header: header.meta({ description: 'In which a proxy names the certificate that it verified.' }),
        allowed: z
          .array(z.string().min(8).max(500))
          .min(1)
          .max(100)
          .meta({ description: 'What it may say, such as a fingerprint.' }),
      })
      .optional()
      .meta({ description: 'Believed from proxies in LATCHKEY_TRUST_PROXY only. Needs no secrets.' }),
    query: z
      .strictObject({ parameter: z.string().regex(/^[A-Za-z0-9_.~-]{1,100}$/, 'write the name of a parameter, such as token') })
      .optional()
      .meta({ description: 'One of the secrets in the address, which proxies log: only where a system can do nothing else.' }),
  })
  .refine((entry) => Object.values(entry).filter((one) => one !== undefined).length === 1, {
    error: 'must say one way of signing',
    params: { fix: 'write one of hmac, standardWebhooks, token, basic, bearer, clientCertificate and query' },
  })
  .meta({ description: 'How a message shows that it is from this system.' });
export type AuthEntry = z.output<typeof AuthEntry>;
