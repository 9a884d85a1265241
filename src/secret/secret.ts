import { inspect } from 'node:util';

const MASK = '[secret]';

/**
 * A value that must never be printed: interpolation, JSON, `console.log` and the debugger's inspection all show `[secret]`.
 * `reveal()` is the only way out, so every place where a secret leaves can be found by searching for it.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The plain text. Call it at the last possible moment and do not keep the answer. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
