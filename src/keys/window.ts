/**
 * A sliding window that counts exactly in bounded memory. What happens in one tick is one entry, and there are at most 65,000 ticks in a
 * window: so an entry is a millisecond up to a minute, 56 ms in an hour, 40 s in a month. A tick ends after what it holds: in no window pass
 * more than the limit, and a place is free at most one tick late.
 *
 * Entries lie in a ring of pairs (tick, count), oldest first: 16 bytes each while they are few, 8 bytes when there are more.
 */
export interface Window {
  /** Infinity for what never leaves. */
  readonly ms: number;
  readonly tickMs: number;
  /** What is in it. */
  size: number;
  ring: number[] | Int32Array;
  /** Entries, not numbers. */
  head: number;
  entries: number;
  /** The tick of the newest entry, whole; in the ring are its lower 32 bits. */
  newest: number;
}

const MOST_TICKS = 65_000;
const FIRST_CAPACITY = 1;
/** From here on the ring is an Int32Array, whose own size no longer counts. */
const MANY = 32;
const LARGEST_COUNT = 0x7fff_ffff;
const EMPTY: number[] = [];

export function createWindow(ms: number): Window {
  const tickMs = ms === Infinity ? Infinity : Math.max(1, Math.ceil(ms / MOST_TICKS));
  return { ms, tickMs, size: 0, ring: EMPTY, head: 0, entries: 0, newest: 0 };
}

/** Forgets what has left the window that ends at `at`, and brings what lies after `at`, from before the clock was set back, to `at`. */
export function slide(window: Window, at: number): void {
  if (window.entries === 0) return;
  const { ring, tickMs, ms } = window;
  const now = Math.ceil(at / tickMs);
  if (now < window.newest) setBack(window, now);
  // A tick leaves with the last moment that it may hold.
  const gone = Math.floor((at - ms) / tickMs);
  if (window.newest <= gone) return clear(window);
  const mask = ring.length / 2 - 1;
  while (tickAt(window, window.head & mask) <= gone) {
    window.size -= ring[(window.head & mask) * 2 + 1]!;
    window.head = (window.head + 1) & mask;
    window.entries -= 1;
  }
}

/** After `slide` to the same moment. */
export function add(window: Window, at: number, count: number): void {
  window.size += count;
  if (window.ms === Infinity) return;
  const tick = Math.ceil(at / window.tickMs);
  let left = count;
  if (window.entries > 0 && tick === window.newest) {
    const last = ((window.head + window.entries - 1) & (window.ring.length / 2 - 1)) * 2 + 1;
    const fits = Math.min(left, LARGEST_COUNT - window.ring[last]!);
    window.ring[last] = window.ring[last]! + fits;
    left -= fits;
  }
  for (; left > 0; left -= LARGEST_COUNT) push(window, tick, Math.min(left, LARGEST_COUNT));
}

/** When `count` of the oldest have left; Infinity when so many never do. `at` is the moment it was slid to. */
export function frees(window: Window, count: number): number {
  let left = count;
  for (let index = 0; index < window.entries; index += 1) {
    const place = (window.head + index) & (window.ring.length / 2 - 1);
    left -= window.ring[place * 2 + 1]!;
    if (left <= 0) return tickAt(window, place) * window.tickMs + window.ms;
  }
  return Infinity;
}

function push(window: Window, tick: number, count: number): void {
  if (window.entries * 2 === window.ring.length) grow(window);
  const place = ((window.head + window.entries) & (window.ring.length / 2 - 1)) * 2;
  window.ring[place] = tick | 0;
  window.ring[place + 1] = count;
  window.entries += 1;
  window.newest = tick;
}

function grow(window: Window): void {
  const { ring, head, entries } = window;
  const capacity = Math.max(FIRST_CAPACITY, entries * 2);
  const larger = capacity > MANY ? new Int32Array(capacity * 2) : Array.from({ length: capacity * 2 }, () => 0);
  // Capacities are powers of two, so the mask is the remainder.
  for (let index = 0; index < entries * 2; index += 1) larger[index] = ring[(head * 2 + index) & (ring.length - 1)]!;
  window.ring = larger;
  window.head = 0;
}

/** All entries are within one window of the newest, so the lower 32 bits of the difference are all of it. */
function tickAt(window: Window, place: number): number {
  return window.newest - (((window.newest | 0) - window.ring[place * 2]!) | 0);
}

/** After the clock was set back the caller waits one window at most, and never gets more than the limit in one. */
function setBack(window: Window, now: number): void {
  const mask = window.ring.length / 2 - 1;
  const ticks = Array.from({ length: window.entries }, (_, index) => tickAt(window, (window.head + index) & mask));
  for (const [index, tick] of ticks.entries()) if (tick > now) window.ring[((window.head + index) & mask) * 2] = now | 0;
  window.newest = now;
}

function clear(window: Window): void {
  if (window.ring.length > MANY * 2) window.ring = EMPTY;
  window.size = 0;
  window.entries = 0;
  window.head = 0;
}
