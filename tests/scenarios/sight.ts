import type { FakeManager } from '../../providers/generic/fake.ts';
import type { Campus } from '../campus.ts';

/** What can be seen from outside: at the manager, in the metrics, in the management API. */

/** For `expect.poll`: long enough for a busy machine, over as soon as it is so. */
export const soon = { timeout: 40_000, interval: 50 };

/** The bookings that have a key at the manager, each as often as it has one, marked when its policies are not all there. */
export function livingKeys(manager: FakeManager): string[] {
  return manager.keys().map((key) => (key.complete ? key.metadata.reservation_id : `${key.metadata.reservation_id} incomplete`));
}

/** As `livingKeys` would list these bookings if each had its one complete key. */
export function oneEach(ids: readonly number[]): string[] {
  return ids.map(String).toSorted();
}

/** The value of a metric, 0 when it is not there. `name` may end in labels. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** Long enough for a sweep of the leases and whatever would follow from it. */
export function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1500));
}

/** Bookings of their own for each test, so that tests may share a campus. */
export function numbersFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** The audit trail is whole; answers how many entries it has. */
export async function auditRows(campus: Campus): Promise<number> {
  const answer = await campus.adminApi<{ ok: boolean; rows: number }>('/audit/verify', {});
  if (!answer.ok) throw new Error(`the audit trail is broken: ${JSON.stringify(answer)}`);
  return answer.rows;
}
