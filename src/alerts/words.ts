import type { Measure } from '../ledger/alert-news.ts';
import type { Rule } from './rule.ts';

/** What an alert says, for people. */
export function reasonOf(
  rule: Pick<Rule, 'type'>,
  { subject, value, crossing }: Pick<Measure, 'subject' | 'value' | 'crossing'>,
): string {
  switch (rule.type) {
    case 'RATE_LIMIT_THRESHOLD':
      return `${value} % of ${crossing.startsWith('quota:') ? 'the quota' : `the limit ${crossing.split(':')[0]}`} of ${subject} is used`;
    case 'RATE_LIMIT_EXCEEDED':
      return `${subject} met its limits ${value} times in an hour`;
    case 'IP_VIOLATION':
      return `${subject} was used ${value} times in an hour from addresses that it is not for`;
    case 'SCOPE_VIOLATION':
      return `${subject} was used ${value} times in an hour for what its scopes do not allow`;
    case 'EXPIRY_WARNING':
      return `${subject} ends in ${Math.floor(value)} hours`;
    case 'USAGE_ANOMALY':
      return `${subject} was used ${value} times in an hour`;
    case 'SUSPICIOUS_ACTIVITY':
      return `${subject} was refused ${value} times in an hour`;
    case 'NEW_ADDRESS':
      return `${subject} was used from an address that it was not used from before: ${crossing}`;
    default:
      return rule.type satisfies never;
  }
}
