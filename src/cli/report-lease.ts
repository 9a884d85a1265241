import type { LeaseReplyAnswer } from './answers.ts';
import type { Answer } from './api.ts';
import { EXIT } from './exit.ts';
import { instant, plain, type Output } from './output.ts';

/** What an act on a lease came to: its state now, and why it is not what was asked for. */
export function reportLease(out: Output, answer: Answer<LeaseReplyAnswer>): void {
  const { lease } = answer.body;
  out.result(answer.body, () => {
    const until = lease.state === 'active' && lease.closesAt ? ` until ${instant(lease.closesAt)}` : '';
    const why = lease.reason ?? lease.lastError;
    return `${plain(lease.id)} is ${plain(lease.state)}${until}${why ? `: ${plain(why)}` : ''}`;
  });
  if (answer.status !== 202) return;
  const story = `latchkey explain ${plain(lease.source)} ${plain(lease.externalId)}`;
  out.note(`Recorded; the provider still has to answer. It is asked again until it is done: see ${story}`);
  process.exitCode = EXIT.waiting;
}
