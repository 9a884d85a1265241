import type { SignedRequest, Verified } from '../../reservation/auth-rule.ts';
import type { SigningSecret } from '../../reservation/source.ts';
import { verifyMessage, type SignedMessage } from '../../secret/standard-webhooks.ts';
import { soleHeader } from '../headers.ts';
import { inForce } from './signature.ts';

const FAMILIES = ['webhook', 'svix'] as const;
/** Verifies a request signed by Standard Webhooks, under its own header names or those of Svix. The id is signed, so it identifies. */
export function verifyStandardWebhook(request: SignedRequest, secrets: readonly SigningSecret[]): Verified {
  const family = FAMILIES.find((name) => soleHeader(request.rawHeaders, `${name}-signature`).is !== 'absent');
  if (!family) return { ok: false, reason: 'there is no webhook-signature header' };
  const message = messageOf(request, family);
  if ('reason' in message) return { ok: false, ...message };

  const usable = inForce(secrets, request.now);
  const verdict = verifyMessage(
    message,
    usable.map(({ secret }) => secret),
    request.now,
  );
  if (!verdict.ok) return verdict;
  return { ok: true, id: message.id, sentAt: verdict.sentAt, secretIndex: secrets.indexOf(usable[verdict.secretIndex]!) };
}

function messageOf(request: SignedRequest, family: (typeof FAMILIES)[number]): SignedMessage | { reason: string } {
  const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((part) =>
    soleHeader(request.rawHeaders, `${family}-${part}`),
  );
  if (id?.is !== 'there' || timestamp?.is !== 'there' || signature?.is !== 'there')
    return { reason: `the headers ${family}-id, ${family}-timestamp and ${family}-signature must each be there once` };
  return { id: id.value, timestamp: timestamp.value, signature: signature.value, body: request.body };
}
