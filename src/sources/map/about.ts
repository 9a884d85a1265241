import type { MappingContext } from '../../reservation/source.ts';
import type { Budget } from './budget.ts';
import type { Rule } from './compile.ts';
import type { Expression } from './expression.ts';
import type { Scope } from './run.ts';

/** A source's mapping, ready to use. */
export interface Compiled {
  readonly rules: readonly Rule[];
  /** Of times that name none. */
  readonly zone: string | undefined;
  readonly sentAt: Expression | undefined;
  readonly replayWithinMs: number | undefined;
  readonly volatile: ReadonlySet<string>;
}

/** What is mapped: a document, or one element of a list in it. */
export interface About {
  readonly document: unknown;
  readonly context: MappingContext;
  readonly compiled: Compiled;
  readonly budget: Budget;
  readonly scope: Scope;
  /** Where it is an element. */
  readonly element?: Element;
}

export interface Element {
  readonly item: unknown;
  readonly forEach: Expression;
  /** Names what stands around the list. */
  around(): string;
}
