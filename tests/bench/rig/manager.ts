import { setTimeout as delay } from 'node:timers/promises';
import { startFakeManager } from '../../../providers/generic/fake.ts';
import { answerParent, openChild, type Child } from './child.ts';

/** The fake key manager in a process of its own. */

export type ManagerAsk =
  | { readonly set: { readonly latencyMs: number } }
  /** Waits until this many more keys have all their policies. */
  | { readonly waitFor: { readonly more: number; readonly longestMs: number } };

export interface ManagerAnswer {
  /** When the last of them became complete, in ms since 1970; how many are still missing. */
  readonly lastAt?: number;
  readonly missing?: number;
}

export const MANAGER_TOKEN = 'management-token-of-the-benchmark';

export async function openManager(): Promise<{ manager: Child<ManagerAsk, ManagerAnswer>; url: string }> {
  const { child, hello } = await openChild<ManagerAsk, ManagerAnswer>('manager.ts');
  return { manager: child, url: (hello as { url: string }).url };
}

if (import.meta.main) {
  const fake = await startFakeManager({ token: MANAGER_TOKEN, repeats: 'upsert' });
  let known = 0;
  answerParent({ url: fake.url }, async (ask: ManagerAsk) => {
    if ('set' in ask) {
      fake.latencyMs = ask.set.latencyMs;
      return {};
    }
    const { more, longestMs } = ask.waitFor;
    const until = performance.now() + longestMs;
    const complete = () => fake.keys().filter((key) => key.complete).length;
    let now = complete();
    while (now < known + more && performance.now() < until) {
      await delay(5);
      now = complete();
    }
    const missing = known + more - now;
    known += more;
    return { lastAt: Date.now(), missing };
  });
}
