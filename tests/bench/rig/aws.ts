import { setTimeout as delay } from 'node:timers/promises';
import { startFakeAws } from '../../../providers/aws/fake.ts';
import { APIS } from '../../../providers/aws/fake-apis.ts';
import { DOCUMENTED_RATES } from '../../../providers/aws/fake-rates.ts';
import { answerParent, openChild, type Child } from './child.ts';

/** An account of AWS in a process of its own, that takes as much as documented. */

export interface AwsAsk {
  /** Waits until it has so many keys that are in a usage plan. */
  readonly keys: number;
  readonly longestMs: number;
}

export interface AwsAnswer {
  /** When the last of them was in a plan, in ms since 1970. */
  readonly lastAt: number;
  readonly keys: number;
  readonly plans: number;
  /** Requests that were one too many, and those of them after the first second with a key. */
  readonly refused: number;
  readonly refusedLater: number;
  readonly requests: Readonly<Record<string, number>>;
}

export async function openAws(): Promise<{ aws: Child<AwsAsk, AwsAnswer>; url: string }> {
  const { child, hello } = await openChild<AwsAsk, AwsAnswer>('aws.ts');
  return { aws: child, url: (hello as { url: string }).url };
}

if (import.meta.main) {
  const fake = await startFakeAws({ apis: APIS, rates: DOCUMENTED_RATES, pageSize: 500 });
  answerParent({ url: fake.url }, async ({ keys, longestMs }: AwsAsk): Promise<AwsAnswer> => {
    const until = performance.now() + longestMs;
    const complete = () => fake.keys().filter(({ enabled, plans }) => enabled && plans.length === 1).length;
    const tooMany = () => fake.handled.filter(({ status }) => status === 429).length;
    let [now, early] = [complete(), 0];
    let firstAt: number | undefined;
    while (now < keys && performance.now() < until) {
      await delay(20);
      now = complete();
      firstAt ??= now > 0 ? performance.now() : undefined;
      if (firstAt === undefined || performance.now() - firstAt <= 1000) early = tooMany();
    }
    const lastAt = Date.now();
    const requests: Record<string, number> = {};
    for (const { operation } of fake.handled) requests[operation] = (requests[operation] ?? 0) + 1;
    return { lastAt, keys: now, plans: fake.plans().length, refused: tooMany(), refusedLater: tooMany() - early, requests };
  });
}
