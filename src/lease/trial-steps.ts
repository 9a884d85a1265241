import { DriverError, type Driver, type Standing } from '../../providers/driver.ts';
import type { Action } from './call.ts';
import type { Run, Work } from './trial-run.ts';

type Try = readonly [name: string, action: Action, work: Work];

const REVOCATIONS = 3;
const LOOKS = 5;
const PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 20_000;

/** Everything that the driver can do with a key but take it away, until something fails. False when it did. */
export async function tryAll(run: Run, driver: Driver<unknown>): Promise<boolean> {
  const tries: Try[] = [
    ['check', 'check', async (at, call) => (await at.check(call)).warnings.join(' ') || 'ok'],
    ['issue', 'issue', issue(run)],
    ...(driver.reveal ? [['reveal', 'reveal', reveal(run)] as const] : []),
    ...looks(run, driver, 'works'),
    ...(driver.usage ? [['usage', 'usage', usage(run)] as const] : []),
    ...(driver.suspend && driver.resume ? holds(run, driver) : []),
  ];
  for (const [name, action, work] of tries) if (!(await run.step(name, action, work)).ok) return false;
  return true;
}

/** Revokes the key, a few times where that fails. False when it is not known to be dead afterwards. */
export async function takeAway(run: Run, driver: Driver<unknown>): Promise<boolean> {
  for (let time = 1; ; time += 1) {
    const { ok, retryAfterMs = PAUSE_MS } = await run.step('revoke', 'revoke', revoke(run));
    if (ok) break;
    if (time === REVOCATIONS) return false;
    await run.pause(Math.min(retryAfterMs, LONGEST_PAUSE_MS));
  }
  return driver.probe === undefined || (await run.step('probe', 'probe', stands(run, ['gone', 'held']))).ok;
}

function holds(run: Run, driver: Driver<unknown>): Try[] {
  const change = (verb: 'suspend' | 'resume', says: string): Try => [
    verb,
    verb,
    async (at, call) => {
      await at[verb]!(run.ref(), call);
      return says;
    },
  ];
  return [
    change('suspend', 'held back'),
    ...looks(run, driver, 'held'),
    change('resume', 'let go'),
    ...looks(run, driver, 'works'),
  ];
}

const looks = (run: Run, { probe }: Driver<unknown>, wanted: Standing): Try[] =>
  probe ? [['probe', 'probe', stands(run, [wanted])]] : [];

const issue =
  (run: Run): Work =>
  async (driver, call) => {
    run.learn(await driver.issue(run.request, call));
    return 'made';
  };

const reveal =
  (run: Run): Work =>
  async (driver, call) => {
    run.learn({ secret: await driver.reveal!(run.ref(), call) });
    return 'told its value';
  };

const usage =
  (run: Run): Work =>
  async (driver, call) => {
    const { opensAt: from, closesAt: to } = run.request.window;
    const { used, limit } = await driver.usage!(run.ref(), { from, to }, call);
    return `${used} used${limit === undefined ? '' : ` of ${limit}`}`;
  };

const revoke =
  (run: Run): Work =>
  async (driver, call) => {
    try {
      await driver.revoke(run.ref(), call);
    } catch (error) {
      if (!(error instanceof DriverError) || error.kind !== 'gone') throw error;
    }
    return 'taken away';
  };

/** A change takes a moment to be seen everywhere. */
function stands(run: Run, wanted: readonly Standing[]): Work {
  return async (driver, call) => {
    let found = await driver.probe!(run.ref(), call);
    for (let look = 1; look < LOOKS && !wanted.includes(found); look += 1) {
      await run.pause(PAUSE_MS);
      found = await driver.probe!(run.ref(), call);
    }
    const says = `the key ${WORDS[found]}`;
    return wanted.includes(found) ? says : { wrong: says };
  };
}

const WORDS: Readonly<Record<Standing, string>> = { works: 'works', held: 'is there and opens nothing', gone: 'is gone' };
