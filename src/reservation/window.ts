import type { Window } from './lease.ts';
import type { Plan } from './plan.ts';
import type { Reservation } from './reservation.ts';

export type Opened = { readonly window: Window } | { readonly refused: string } | { readonly unknown: string };

const HOUR_MS = 3_600_000;

/**
 * When a key may work: the booking's window, moved by the plan's margins. `expirationHours` only shortens. A booking longer
 * than the plan's longest is refused, not cut; one that names no end ends after the plan's longest.
 */
export function windowFor(plan: Pick<Plan, 'name' | 'window'>, reservation: Reservation): Opened {
  const startsAt = reservation.startsAt?.value;
  if (!startsAt) return { unknown: 'the booking has no start yet' };
  const { opensBeforeMs, closesAfterMs, longestMs } = plan.window;
  const stated = reservation.endsAt?.value;
  if (!stated && longestMs === undefined)
    return { refused: `the booking has no end, and plan ${plan.name} sets no longest window` };
  const endsAt = stated ?? new Date(startsAt.getTime() + longestMs!);
  if (endsAt <= startsAt)
    return { refused: `the booking ends (${endsAt.toISOString()}) before it starts (${startsAt.toISOString()})` };
  if (longestMs !== undefined && endsAt.getTime() - startsAt.getTime() > longestMs)
    return {
      refused: `the booking lasts ${hours(endsAt.getTime() - startsAt.getTime())} h; plan ${plan.name} grants at most ${hours(longestMs)} h`,
    };
  const latest = endsAt.getTime() + closesAfterMs;
  const shortened = reservation.parameters?.value.expirationHours;
  const closes = shortened !== undefined && shortened > 0 ? Math.min(latest, startsAt.getTime() + shortened * HOUR_MS) : latest;
  return { window: { opensAt: new Date(startsAt.getTime() - opensBeforeMs), closesAt: new Date(closes) } };
}

export function sameWindow(a: Window, b: Window): boolean {
  return a.opensAt.getTime() === b.opensAt.getTime() && a.closesAt.getTime() === b.closesAt.getTime();
}

/** The time that is within both; empty where they do not meet. */
export function commonOf(a: Window, b: Window): Window {
  return {
    opensAt: a.opensAt > b.opensAt ? a.opensAt : b.opensAt,
    closesAt: a.closesAt < b.closesAt ? a.closesAt : b.closesAt,
  };
}

function hours(ms: number): number {
  return Math.round(ms / (HOUR_MS / 10)) / 10;
}
