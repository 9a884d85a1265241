import type { Sealer } from '../secret/seal.ts';
import { Secret } from '../secret/secret.ts';
import { parseJson } from '../sources/json.ts';
import type { Brought } from './record.ts';

/** What is kept of a quarantined event, sealed: the document, and what it was mapped with. */
export interface Kept extends Brought {
  readonly document: unknown;
}

export function sealKept(sealer: Sealer, eventId: string, kept: Kept): string {
  return sealer.seal(new Secret(JSON.stringify({ $kept: kept })), contextOf(eventId));
}

/** Undefined when it cannot be read. Events of version 0.1 kept the document alone. */
export function openKept(sealer: Sealer, eventId: string, sealed: string): Kept | undefined {
  const parsed = parseJson(sealer.open(sealed, contextOf(eventId)).reveal());
  if (!parsed.ok) return undefined;
  const { $kept } = (parsed.value ?? {}) as { $kept?: Kept };
  return $kept ?? { document: parsed.value, headers: {}, path: '' };
}

function contextOf(eventId: string): string {
  return `event:${eventId}`;
}
