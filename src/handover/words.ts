import type { Window } from '../reservation/lease.ts';
import type { NoticeKind } from '../reservation/notice.ts';
import type { Limit } from '../reservation/plan.ts';
import { clip } from '../reservation/text.ts';
import type { News, Tone } from './message.ts';

/** The sentences for each kind of notice. */

export interface Kind {
  readonly tone: Tone;
  readonly subject: string;
  /** Continues after "Hello <name>, ". */
  readonly say: (resource: string, news: News) => string;
  readonly rights: boolean;
}

export const KINDS = {
  issued: {
    tone: 'SUCCESS',
    subject: 'Your API key is ready',
    say: (resource, news) => `your API key ${hint(news)}for ${resource} is ready. It works ${span(news.window)}.`,
    rights: true,
  },
  rotated: {
    tone: 'INFO',
    subject: 'Your new API key is ready',
    say: (resource, news) =>
      `there is a new API key ${hint(news)}for ${resource}. It works ${span(news.window)}.${
        news.olderUntil ? ` The one you have works until ${utc(news.olderUntil)}.` : ' The one you have stops working.'
      }`,
    rights: true,
  },
  extended: {
    tone: 'INFO',
    subject: 'Your API key has a new window',
    say: (resource, news) => `your API key ${hint(news)}for ${resource} now works ${span(news.window)}. The key stays the same.`,
    rights: false,
  },
  ending: {
    tone: 'WARNING',
    subject: 'Your API key ends soon',
    say: (resource, news) =>
      `your API key ${hint(news)}for ${resource} ends soon${news.window ? `, at ${utc(news.window.closesAt)}` : ''}.`,
    rights: false,
  },
  revoked: {
    tone: 'INFO',
    subject: 'Your API key has ended',
    say: (resource, news) => `your API key ${hint(news)}for ${resource} no longer works${because(news)}.`,
    rights: false,
  },
  refused: {
    tone: 'ERROR',
    subject: 'No API key for your booking',
    say: (resource, news) => `there is no API key for ${resource}${because(news)}. Change the booking, or ask the operator.`,
    rights: false,
  },
  failed: {
    tone: 'ERROR',
    subject: 'Your API key could not be made',
    say: (resource, news) => `your API key for ${resource} could not be made${because(news)}. The operator has been told.`,
    rights: false,
  },
  alert: {
    tone: 'WARNING',
    subject: 'An operator should look',
    say: (resource, news) => `please look at the API key for ${resource}${because(news)}.`,
    rights: false,
  },
} as const satisfies Record<NoticeKind, Kind>;

/** `2026-01-05 10:00 UTC` */
export function utc(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `1000 requests in all`, `100 requests per hour` */
export function limitWords(limit: Limit): string {
  const count = `${limit.limit} ${limit.limit === 1 ? 'request' : 'requests'}`;
  return limit.per === 'reservation' ? `${count} in all` : `${count} per ${limit.per}`;
}

function span(window: Window | undefined): string {
  return window ? `from ${utc(window.opensAt)} until ${utc(window.closesAt)}` : 'for the time of your booking';
}

/** So that the holder knows which one it is; a key that was never handed out is known to nobody. */
function hint(news: News): string {
  return news.hint && news.hint !== '…' ? `${news.hint} ` : '';
}

function because(news: News): string {
  return news.reason ? `: ${clip(news.reason.replace(/[.\s]+$/u, ''), 200)}` : '';
}
