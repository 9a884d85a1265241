import type { Call, Health } from '../driver.ts';
import type { Keys } from './keys.ts';
import type { Targets } from './target.ts';

const UNDELETE =
  'A key that was revoked can be brought back for 30 days by anyone with the right apikeys.keys.undelete: give that to nobody who need not have it.';

/** Lists a key, and looks at the API, its config and its gateways where the settings name them. */
export async function healthOf({ keys, targets }: { keys: Keys; targets: Targets }, call: Call): Promise<Health> {
  await keys.knock(call);
  const found = await targets.look(call);
  if (!found) return { ok: true, warnings: [UNDELETE] };
  const idle = found.parts.filter((part) => !part.active).map((part) => `The ${part.what} is not active.`);
  const none = found.hosts.length === 0 ? ['No gateway serves the API config: its keys open nothing.'] : [];
  return { ok: true, warnings: [...idle, ...none, UNDELETE] };
}
