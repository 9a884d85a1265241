import type { Call, KeyRef } from '../driver.ts';
import type { Handle } from './handle.ts';
import { run } from './run.ts';
import { findAll, keyValues, runnerFor, type Works } from './works.ts';

/** Takes away what the reference names; where it does not say enough, every key of its name that is found. Absent is success. */
export async function revokeWith(works: Works, key: KeyRef<Handle>, call: Call): Promise<void> {
  const { preset } = works;
  const values = keyValues(works, key);
  const runner = runnerFor(works, call);
  const lacks = preset.revoke.flat().some((step) => step.lacks(values) !== undefined);
  const found = lacks && preset.find ? await findAll(works, key.name, call) : [{}];
  if (found.length === 0) await run(preset.revoke, values, { ...runner, absent: 'left out' });
  for (const one of found) await run(preset.revoke, { ...values, ...one }, { ...runner, absent: 'done' });
}
