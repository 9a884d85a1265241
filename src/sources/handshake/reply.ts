import type { Handshake } from '../../reservation/reception.ts';
import type { Source } from '../../reservation/source.ts';
import { hmacSha256 } from '../../secret/hmac.ts';
import type { Secret } from '../../secret/secret.ts';

/** What is answered to a request that is no event. */
export interface Reply {
  readonly status: number;
  readonly body: { readonly text: string } | { readonly json: Readonly<Record<string, unknown>> };
}

/** The answer to a signed body that a handshake is for. `secret` is the one that it was signed with. */
export function replyTo(document: unknown, { handshakes, answers }: Source, secret: Secret | undefined): Reply | undefined {
  for (const handshake of handshakes) {
    const reply = answerTo(handshake, document, secret);
    if (reply === 'ping') return { status: answers.ignored, body: { json: { status: 'ignored', reservations: [] } } };
    if (reply) return reply;
  }
  return undefined;
}

function answerTo(handshake: Handshake, document: unknown, secret: Secret | undefined): Reply | 'ping' | undefined {
  switch (handshake.kind) {
    case 'ping':
      return handshake.match.holds(document) ? 'ping' : undefined;
    case 'echo-field': {
      if (handshake.match && !handshake.match.holds(document)) return undefined;
      const text = printable(handshake.field.of(document));
      return text === undefined ? undefined : { status: 200, body: { text } };
    }
    case 'crc': {
      if (!secret || !handshake.match.holds(document)) return undefined;
      const token = handshake.token.of(document);
      // Whoever could choose any text would have us sign messages in the sender's name.
      if (typeof token !== 'string' || !/^[A-Za-z0-9+/=_.~-]{1,200}$/.test(token)) return undefined;
      const encryptedToken = hmacSha256(secret.reveal(), token).toString('hex');
      return { status: 200, body: { json: { plainToken: token, encryptedToken } } };
    }
    case 'echo-query':
    case 'options':
      return undefined;
    default:
      handshake satisfies never;
      return undefined;
  }
}

const LONGEST_ECHO = 1024;

/** What may be sent back as it came: no browser makes a page of it, and no log two lines. */
export function printable(text: unknown): string | undefined {
  return typeof text === 'string' && text.length <= LONGEST_ECHO && /^[\x20-\x7e]+$/.test(text) ? text : undefined;
}
