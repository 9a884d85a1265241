import type { EngineName } from './place.ts';

/** How long to try. */
export interface Effort {
  readonly rounds: number;
  /** Of each timed run. */
  readonly seconds: number;
  readonly engines: readonly EngineName[];
}
