import type { Call, IssueRequest, Listed } from '../driver.ts';
import { SLOTS } from './label.ts';
import type { Handle } from './places.ts';
import type { Listing, Subscriptions } from './subscriptions.ts';

export interface ListingOptions {
  readonly subscriptions: Subscriptions;
  /** The product that a request is to be under. */
  readonly productOf: (request: IssueRequest) => string;
}

/** Every key that carries our name, all pages: one or two for each subscription. */
export async function* listKeys({ subscriptions, productOf }: ListingOptions, call: Call): AsyncIterable<Listed<Handle>> {
  for await (const listing of subscriptions.list('lk-', call))
    for (const name of namesIn(listing))
      yield {
        name,
        handle: { sid: listing.sid },
        secret: null,
        driftFrom: (request) => drift(listing, request, productOf(request)),
      };
}

/** Under a name that somebody else gave it, it is at least the key that made it. */
function namesIn({ sid, label }: Listing): string[] {
  if (!label) return [sid];
  return SLOTS.flatMap((slot) => label[slot] ?? []).map((generation) => `${label.base}-${generation}`);
}

function drift({ state, product, label }: Listing, { window }: IssueRequest, wanted: string): string[] {
  const late = label && Math.abs(label.until.getTime() - window.closesAt.getTime()) > 1000;
  return [
    ...(state === 'active' ? [] : [`its state is ${state}`]),
    ...(product === wanted ? [] : [`it is under ${product ? `product ${product}` : 'no product'} instead of ${wanted}`]),
    ...(label ? [] : ['its display name was changed']),
    ...(late ? [`it ends at ${label.until.toISOString()}`] : []),
  ];
}
