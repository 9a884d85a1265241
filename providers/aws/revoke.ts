import type { Call, Usage } from '../driver.ts';
import type { Client } from './client.ts';
import type { Handle, Keys } from './keys.ts';
import { lastUsageOf } from './usage.ts';

/** Takes keys away, and answers what they were used for as far as AWS tells. The door is shut first, so that what fails later leaves no key that works. */
export async function revokeAll(
  handles: readonly Handle[],
  sources: { readonly client: Client; readonly keys: Keys; readonly call: Call },
): Promise<Usage | undefined> {
  const { keys, call } = sources;
  const told: Usage[] = [];
  for (const handle of handles) {
    const shut = await keys.disable(handle.keyId, call);
    if (!shut) continue;
    const usage = await lastUsageOf(handle, shut, sources);
    if (usage) told.push(usage);
    await keys.remove(handle, call);
  }
  return told.length > 0 ? { used: told.reduce((sum, { used }) => sum + used, 0) } : undefined;
}
