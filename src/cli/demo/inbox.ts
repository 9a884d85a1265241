import { equalDigests, hmacSha256 } from '../../secret/hmac.ts';
import type { Secret } from '../../secret/secret.ts';
import { listenLocally } from './local-server.ts';

/** The reservation system's endpoint for messages to its users, as far as the demo needs it. */
export interface Inbox {
  readonly url: string;
  /** The first message of this kind, e.g. `issued`, that has come and was not taken yet. */
  take(kind: string): Message | undefined;
  close(): Promise<void>;
}

export interface Message {
  readonly kind: string;
  readonly text: string;
  /** Where the key waits, if one does. */
  readonly link: string | undefined;
}

/** Refuses what is not signed with the source's secret, as the real one does. */
export async function openInbox(secret: Secret): Promise<Inbox> {
  const messages: Message[] = [];
  const server = await listenLocally(async (request, body) => {
    const signature = Buffer.from(String(request.headers['x-webhook-signature']), 'base64');
    if (!equalDigests(signature, hmacSha256(secret.reveal(), body))) return { status: 401, body: {} };
    messages.push(readMessage(body));
    return { status: 200, body: {} };
  });
  return {
    url: `${server.url}/api/notifications/webhook`,
    take(kind) {
      const at = messages.findIndex((message) => message.kind === kind);
      return at === -1 ? undefined : messages.splice(at, 1)[0];
    },
    close: () => server.close(),
  };
}

function readMessage(body: string): Message {
  const { message, eventType } = JSON.parse(body) as { message: string; eventType: string };
  return { kind: eventType.replace('KEY_', '').toLowerCase(), text: message, link: /https?:\S+\/claim\/\S+/.exec(message)?.[0] };
}
