import type { Call } from '../driver.ts';

/**
 * Waits for the turns of requests that belong together before the first of them is made, and answers a call that has them: so the work
 * is put off before it began, never half done. Further turns are waited for as always.
 */
export async function takeTurns(call: Call, operations: readonly string[]): Promise<Call> {
  for (const operation of operations) await call.turn(operation);
  const taken = [...operations];
  return {
    ...call,
    async turn(operation) {
      const at = taken.indexOf(operation);
      if (at === -1) await call.turn(operation);
      else taken.splice(at, 1);
    },
  };
}
