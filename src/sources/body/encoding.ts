import { gunzipSync } from 'node:zlib';
import type { BodyRule } from '../../reservation/reception.ts';
import type { SentBody } from './read.ts';

export type Inflated =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly problem: string; readonly tooLarge?: boolean };

/** The bytes that a body stands for, at most as many as the rule takes: inflating stops there. */
export function inflated({ rawHeaders, body }: SentBody, { contentEncoding, largest }: BodyRule): Inflated {
  if (contentEncoding === 'refuse' || contentEncodingOf(rawHeaders) !== 'gzip') return { ok: true, bytes: body };
  try {
    return { ok: true, bytes: gunzipSync(body, { maxOutputLength: largest }) };
  } catch (error) {
    const tooLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    return { ok: false, problem: tooLarge ? `inflates to more than ${largest} bytes` : 'not valid gzip', tooLarge };
  }
}

/** In lower case; `identity` where nothing is said. Two of them are a list, which nobody takes. */
export function contentEncodingOf(rawHeaders: readonly string[]): string {
  const values = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === 'content-encoding');
  return values.join(', ').trim().toLowerCase() || 'identity';
}
