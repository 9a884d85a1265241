/** The instants of the requests in a sliding window, oldest first, in a ring that grows with need: never to more than twice the limit. */
export interface WindowLog {
  readonly size: number;
  /** Forgets what happened at or before `until`, and brings what lies after `at`, from before the clock was set back, to `at`. */
  slide(until: number, at: number): void;
  /** `at` may not be earlier than the newest entry. */
  add(at: number, times: number): void;
  /** The instant of the n-th oldest entry, from 0. */
  nth(index: number): number;
}

const FIRST_CAPACITY = 4;

export function createWindowLog(): WindowLog {
  let ring = new Float64Array(FIRST_CAPACITY);
  let head = 0;
  let size = 0;

  function grow(needed: number): void {
    let capacity = ring.length;
    while (capacity < needed) capacity *= 2;
    const larger = new Float64Array(capacity);
    for (let index = 0; index < size; index++) larger[index] = nth(index);
    ring = larger;
    head = 0;
  }

  // Capacities are powers of two, so the mask is the remainder.
  function nth(index: number): number {
    return ring[(head + index) & (ring.length - 1)] ?? 0;
  }

  return {
    get size() {
      return size;
    },
    slide(until, at) {
      while (size > 0 && nth(0) <= until) {
        head = (head + 1) & (ring.length - 1);
        size--;
      }
      // After the clock was set back the caller waits one window at most, and never gets more than the limit in one.
      for (let index = size - 1; index >= 0 && nth(index) > at; index--) ring[(head + index) & (ring.length - 1)] = at;
    },
    add(at, times) {
      if (size + times > ring.length) grow(size + times);
      for (let added = 0; added < times; added++) ring[(head + size++) & (ring.length - 1)] = at;
    },
    nth,
  };
}
