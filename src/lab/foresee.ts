import { decide } from '../reservation/decide.ts';
import type { KeyFacts, Situation } from '../reservation/situation.ts';
import type { Step } from '../reservation/steps.ts';

/** Something that will happen to a lease, if nobody says anything new. */
export interface Ahead {
  readonly at: Date;
  /** `opens`: what was made before begins to work. `ending`: its holder is told that it ends soon. */
  readonly does: Step['do'] | 'opens' | 'ending';
  readonly reason?: string;
}

const MOST_AHEAD = 12;
/** Doing what is due ends in nothing due; more would be a mistake of the rules. */
const MOST_ROUNDS = 5;

/**
 * What will happen and when: `decide` is asked at each instant at which it wants to be asked, as if every call to a provider succeeded at
 * once. Stops when nothing is ahead, or after a dozen things.
 */
export function foresee(situation: Situation, now: Date): readonly Ahead[] {
  const ahead: Ahead[] = [];
  let current = situation;
  for (let at: Date | null = now; at && ahead.length < MOST_AHEAD;) {
    const done = actOn(current, at);
    ahead.push(...done.ahead);
    current = done.situation;
    const { wakeAt, endingAt } = decide(current, at);
    if (wakeAt && endingAt && wakeAt.getTime() === endingAt.getTime()) ahead.push({ at: wakeAt, does: 'ending' });
    at = wakeAt && wakeAt > at ? wakeAt : null;
  }
  return ahead.sort((a, b) => a.at.getTime() - b.at.getTime()).slice(0, MOST_AHEAD);
}

function actOn(situation: Situation, at: Date): { situation: Situation; ahead: Ahead[] } {
  const ahead: Ahead[] = [];
  let current = situation;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { steps } = decide(current, at);
    if (steps.length === 0) break;
    for (const step of steps) {
      ahead.push({ at, does: step.do, ...('reason' in step && { reason: step.reason }) });
      if (step.do === 'issue' && step.window.opensAt > at) ahead.push({ at: step.window.opensAt, does: 'opens' });
      current = after(step, { situation: current, at });
    }
  }
  return { situation: current, ahead };
}

/** The situation once a step was done. */
function after(step: Step, { situation, at }: { situation: Situation; at: Date }): Situation {
  const { lease, keys } = situation;
  const change = (id: string, changed: Partial<KeyFacts>): Situation => ({
    ...situation,
    keys: keys.map((key) => (key.id === id ? { ...key, ...changed } : key)),
  });
  switch (step.do) {
    case 'issue': {
      const { generation, overlapUntil, grant, asked, plan } = step;
      const made = madeKey(step, { powers: situation.powers, at });
      return {
        ...situation,
        lease: { ...lease, generation, overlapUntil, granted: { grant, asked, plan }, former: false },
        keys: [...keys.filter((key) => key.generation !== generation), made],
      };
    }
    case 'retime':
      return change(step.keyId, step.window);
    case 'revoke':
      return change(step.keyId, { state: 'revoked' });
    case 'suspend':
      return change(step.keyId, { suspended: true });
    case 'resume':
      return change(step.keyId, { suspended: false });
    default:
      step satisfies never;
      return situation;
  }
}

function madeKey(
  { generation, window }: Step & { readonly do: 'issue' },
  { powers, at }: Pick<Situation, 'powers'> & { readonly at: Date },
): KeyFacts {
  return {
    id: `new:${generation}`,
    generation,
    state: 'active',
    ...window,
    activeAt: at,
    retryAt: null,
    rejected: false,
    fixed: false,
    suspended: false,
    overdue: false,
    powers,
  };
}
