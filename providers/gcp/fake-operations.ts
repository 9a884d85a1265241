import { randomUUID } from 'node:crypto';
import { type Answer, ok, refusal } from './fake-answer.ts';

/* What Google works at by itself. */

export interface OperationsOptions {
  readonly project: { readonly id: string; readonly number: string };
  /** So many requests later an operation is done; 0 is at once, and in the first answer. */
  readonly polls: number;
}

interface Running {
  age: number;
  /** `response` or `error`. */
  result?: object;
  readonly work: () => object;
}

export function createOperations({ project, polls }: OperationsOptions) {
  const operations = new Map<string, Running>();

  function operation(name: string): Answer {
    const running = operations.get(name);
    if (!running) return refusal('NOT_FOUND');
    return ok(running.result ? { name, done: true, ...running.result } : { name });
  }

  return {
    operation,

    begin(work: () => object): Answer {
      const name = `operations/akmf.p7-${project.number}-${randomUUID()}`;
      operations.set(name, { age: 0, work, ...(polls === 0 && { result: work() }) });
      return operation(name);
    },

    /** Time passes by requests: whatever runs comes one nearer to its end. */
    tick(): void {
      for (const running of operations.values()) {
        running.age += 1;
        if (!running.result && running.age >= polls) running.result = running.work();
      }
    },
  };
}
