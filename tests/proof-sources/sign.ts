import { createHmac } from 'node:crypto';
import type { HmacRule, Placeholder } from '../../src/reservation/auth-rule.ts';
import type { Source } from '../../src/reservation/source.ts';
import { signMessage } from '../../src/secret/standard-webhooks.ts';

/** What a system posts: the address behind /webhooks/<name>, its own headers and its bytes. */
export interface Message {
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** With what shows that it is from its source, as that source's system would write it. */
export function signed(source: Source, message: Message, { now, id }: { now: Date; id: string }): Message {
  const { auth, secrets } = source;
  const secret = secrets[0]?.secret.reveal() ?? '';
  const withHeaders = (own: Record<string, string>): Message => ({ ...message, headers: { ...message.headers, ...own } });
  switch (auth.kind) {
    case 'standard-webhooks':
      return withHeaders({ ...signMessage({ id, sentAt: now, body: message.body }, [secrets[0]!.secret]) });
    case 'hmac':
      return withHeaders(hmacHeaders(source, auth, { body: message.body, now, id }));
    case 'token':
      return withHeaders({ [auth.header]: auth.prefix + secret });
    case 'bearer':
      return withHeaders({ authorization: `Bearer ${secret}` });
    case 'basic':
      return withHeaders({ authorization: `Basic ${Buffer.from(`${auth.username}:${secret}`).toString('base64')}` });
    case 'client-certificate':
      return withHeaders({ [auth.header]: auth.allowed[0]! });
    case 'none':
      return message;
    case 'query':
      return { ...message, query: new URLSearchParams({ [auth.parameter]: secret }).toString() };
    case 'field':
      return { ...message, body: withMember(message.body, auth.path, secret) };
    default:
      auth satisfies never;
      throw new Error('proof: an unknown way of signing');
  }
}

function hmacHeaders(
  { secrets, url }: Source,
  rule: HmacRule,
  { body, now, id }: { body: Buffer; now: Date; id: string },
): Record<string, string> {
  const { algorithm, signed: template, secretEncoding, encoding, timestampUnit, layout } = rule;
  const hmac = createHmac(algorithm, Buffer.from(secrets[0]!.secret.reveal(), secretEncoding));
  const timestamp = String(timestampUnit === 's' ? Math.floor(now.getTime() / 1000) : now.getTime());
  const known: Record<Placeholder, string | Buffer> = { body, url, timestamp, id };
  for (const part of template.parts) hmac.update('literal' in part ? part.literal : known[part.placeholder]);
  // Of several only one is sent.
  const written = layout.text
    .replace(/.…$/, '')
    .replace('{signature}', hmac.digest(encoding))
    .replace('{timestamp}', timestamp)
    .replace('{id}', id);
  return {
    [rule.header]: written,
    ...(rule.timestampHeader && { [rule.timestampHeader]: timestamp }),
    ...(rule.idHeader && { [rule.idHeader]: id }),
  };
}

/** Of a body that is no object nothing can be said. */
function withMember(body: Buffer, [name]: readonly string[], secret: string): Buffer {
  try {
    const document: unknown = JSON.parse(body.toString());
    const whole = typeof document === 'object' && document !== null && !Array.isArray(document);
    return whole ? Buffer.from(JSON.stringify({ ...document, [name!]: secret })) : body;
  } catch {
    return body;
  }
}
