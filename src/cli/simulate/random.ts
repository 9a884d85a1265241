/** Draws that are the same for the same seed, on every machine. */
export interface Random {
  /** From 0 to 1, without 1. */
  next(): number;
  /** From `low` to `high`, without that; whole. */
  between(low: number, high: number): number;
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** Each purpose has its own stream, so that one fault more leaves all else as it was. */
export function randomFrom(seed: number, purpose: string): Random {
  let state = hashOf(`${seed}:${purpose}`);
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low));
  return { next, between, chance: (share) => next() < share, pick: (from) => from[between(0, from.length)]! };
}

/** FNV-1a */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return hash | 0;
}
