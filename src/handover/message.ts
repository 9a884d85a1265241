import type { Grant, Window } from '../reservation/lease.ts';
import type { NoticeKind } from '../reservation/notice.ts';
import { clip } from '../reservation/text.ts';
import type { Secret } from '../secret/secret.ts';
import type { Part } from './dispatch.ts';
import { KINDS, limitWords, utc } from './words.ts';

/** What there is to say. The key itself is never among it. */
export interface News {
  readonly kind: NoticeKind;
  readonly part: Part;
  readonly resource: string;
  readonly holder: string;
  readonly window?: Window;
  readonly grant?: Grant;
  /** Until when the key from before a rotation works. */
  readonly olderUntil?: Date;
  /** What people may see of the key. */
  readonly hint?: string;
  readonly reason?: string;
  /** Sentences about limits that nobody enforces. */
  readonly unenforced: readonly string[];
  readonly link?: Secret;
  /** The link shows the key to nobody before. */
  readonly withheldUntil?: Date;
  readonly code?: Secret;
  readonly codeBy?: string;
}

export type Tone = 'INFO' | 'SUCCESS' | 'WARNING' | 'ERROR';

/** `essential` is always sent whole; `details`, the most important first, as far as there is room. */
export interface Message {
  readonly tone: Tone;
  readonly subject: string;
  readonly essential: string;
  readonly link?: Secret;
  readonly code?: Secret;
  readonly details: readonly string[];
}

/** The words for people: what, for whom, until when in UTC, what it may do and what nobody enforces. */
export function compose(news: News): Message {
  const resource = clip(news.resource, 60);
  if (news.part === 'code') return composeCode(news, resource);
  const kind = KINDS[news.kind];
  const hasLink = news.part === 'link' && news.link !== undefined;
  return {
    tone: kind.tone,
    subject: `${kind.subject}: ${resource}`,
    essential: `Hello ${clip(news.holder, 40)}, ${kind.say(resource, news)}`,
    ...(hasLink ? { link: news.link } : {}),
    details: [...(hasLink ? howToClaim(news) : []), ...(kind.rights ? rights(news) : [])],
  };
}

/** One line of at most `limit` UTF-16 units, link and code always whole. The plain text of both is in it: send it, do not keep it. */
export function brief(message: Message, limit: number): string {
  const tail = [message.link && `Get it here: ${message.link.reveal()}`, message.code && `Code: ${message.code.reveal()}`];
  const must = tail.filter((part) => part !== undefined).join(' ');
  let text = [clip(message.essential, limit - must.length - 1), must].filter((part) => part !== '').join(' ');
  for (const detail of message.details) if (text.length + detail.length + 1 <= limit) text += ` ${detail}`;
  return text;
}

function composeCode(news: News, resource: string): Message {
  return {
    tone: 'INFO',
    subject: `Your confirmation code: ${resource}`,
    essential: `Hello ${clip(news.holder, 40)}, this is the code for the API key for ${resource}. Type it on the page of the link that comes to you another way.`,
    ...(news.code === undefined ? {} : { code: news.code }),
    details: [],
  };
}

function howToClaim(news: News): string[] {
  const from = news.withheldUntil ? `, from ${utc(news.withheldUntil)} on` : '';
  const shown = `The link shows the key once${from}.`;
  if (news.codeBy === undefined) return [shown];
  return [
    `${shown} It asks for a code, which ${news.codeBy === 'operator' ? 'the operator gives you' : `comes by ${news.codeBy}`}.`,
  ];
}

function rights(news: News): string[] {
  const { grant } = news;
  const limits = [grant?.quota, grant?.rateLimit].filter((limit) => limit !== undefined).map(limitWords);
  return [
    ...news.unenforced,
    ...(grant ? [`Scopes: ${grant.scopes.join(', ')}.`] : []),
    ...(limits.length > 0 ? [`Limits: ${limits.join(', ')}.`] : []),
    ...(grant ? [`Endpoints: ${grant.endpoints.join(', ')}.`] : []),
  ].map((detail) => clip(detail, 200));
}
