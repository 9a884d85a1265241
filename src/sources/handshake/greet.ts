import type { Handshake } from '../../reservation/reception.ts';
import { readHeader } from '../headers.ts';
import { printable } from './reply.ts';

/** Answers to requests that nobody signs, because what asks them knows no secret yet. */

/** The text of the address to send back as `text/plain`; undefined where the source has no such handshake, or there is none. */
export function echoOf(query: string, handshakes: readonly Handshake[]): string | undefined {
  for (const handshake of handshakes) {
    if (handshake.kind !== 'echo-query') continue;
    const values = new URLSearchParams(query).getAll(handshake.parameter);
    const text = values.length === 1 ? printable(values[0]) : undefined;
    if (text !== undefined) return text;
  }
  return undefined;
}

/**
 * Headers of the answer to OPTIONS (CloudEvents HTTP 1.1 Web Hooks 1.0.2, section 4): whether this origin may send, and how often. Undefined
 * where it may not: an answer without them is no consent.
 */
export function permissionFor(
  rawHeaders: readonly string[],
  handshakes: readonly Handshake[],
): Readonly<Record<string, string>> | undefined {
  const origin = readHeader(rawHeaders, 'WebHook-Request-Origin');
  if (!('value' in origin) || !/^[A-Za-z0-9.*:_-]{1,253}$/.test(origin.value)) return undefined;
  for (const handshake of handshakes) {
    if (handshake.kind !== 'options') continue;
    const { origins, rate } = handshake;
    const listed = origins.some((one) => one === '*' || one.toLowerCase() === origin.value.toLowerCase());
    if (listed)
      return { 'WebHook-Allowed-Origin': origin.value, 'WebHook-Allowed-Rate': rate === undefined ? '*' : String(rate) };
  }
  return undefined;
}

/** The methods that a source's address takes, for `Allow`. */
export function methodsOf(handshakes: readonly Handshake[]): string {
  const kinds = new Set(handshakes.map(({ kind }) => kind));
  return ['POST', kinds.has('echo-query') && 'GET', kinds.has('options') && 'OPTIONS'].filter(Boolean).join(', ');
}
