import type { BodyRule } from '../../reservation/reception.ts';
import { parseJson } from '../json.ts';
import { readCloudEvents } from './cloudevents.ts';
import { inflated } from './encoding.ts';
import { parseForm } from './form.ts';
import { decodeText } from './text.ts';

export type ReadBody =
  | { readonly ok: true; readonly document: unknown }
  | { readonly ok: false; readonly problem: string; readonly tooLarge?: boolean };

/** What a request came with: `rawHeaders` as Node received them. */
export interface SentBody {
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/**
 * The document in a body, as its source sends them; objects have no prototype. The content type decides nothing but the mode of CloudEvents:
 * senders get it wrong. Never throws; a problem quotes nothing that was sent.
 */
export function readBody({ rawHeaders, body }: SentBody, rule: BodyRule): ReadBody {
  const plain = inflated({ rawHeaders, body }, rule);
  if (!plain.ok) return plain;
  if (rule.kind === 'cloudevents') return readCloudEvents({ rawHeaders, body: plain.bytes }, rule);
  if (rule.kind === 'json') {
    const parsed = parseJson(plain.bytes, { deepest: rule.deepest });
    return parsed.ok ? { ok: true, document: parsed.value } : parsed;
  }
  const text = decodeText(plain.bytes);
  if (!text.ok) return text;
  return rule.kind === 'form'
    ? parseForm(text.text)
    : { ok: true, document: Object.assign(Object.create(null), { text: text.text }) };
}
