import { type Call, DriverError } from '../driver.ts';
import type { Client, Wire } from './client.ts';
import { compileKeep, compileRequest, type CompiledRequest, type Keep } from './compile-step.ts';
import { type Context, inside, knowing, type Read } from './expression.ts';
import { textOf, type Values } from './filters.ts';
import { jsonOf } from './judge.ts';
import { type Pointer, pointerTo } from './pointer.ts';
import type { Listing, Paging } from './preset-schema.ts';
import { compileText } from './template.ts';

export interface CompiledListing extends CompiledRequest {
  readonly ask: string;
  readonly items: Pointer;
  readonly name: Pointer;
  readonly keep: readonly Keep[];
  readonly only?: { readonly at: Pointer; readonly is: Read };
  readonly paging?: Paging;
}

export function compileListing(listing: Listing, context: Context): CompiledListing {
  const { ask, paging, only } = listing;
  // The link of the next page says all by itself.
  const place = paging && paging.by !== 'link' ? [paging.by] : [];
  return {
    ...compileRequest(listing, knowing(context, ...place)),
    ask,
    paging,
    items: pointerTo(listing.items),
    name: pointerTo(listing.name),
    keep: compileKeep(listing.keep),
    ...(only && { only: { at: pointerTo(only.at), is: compileText(only.is, inside(context, 'only', 'is')) } }),
  };
}

export interface Reader {
  readonly client: Client;
  readonly call: Call;
  readonly endpoint: string;
  readonly provider: string;
}

/** More pages than any vendor keeps keys. */
const MOST_PAGES = 10_000;

/** Every item of every page. */
export async function* itemsOf(listing: CompiledListing, values: Values, reader: Reader): AsyncGenerator {
  const { client, call, provider } = reader;
  const { only } = listing;
  let next: Place | undefined = firstPlace(listing.paging);
  for (let pages = 0; next; pages += 1) {
    const asked = listing.wire({ ...values, ...next.values }, call.requestId);
    const wire: Wire = next.path === undefined ? asked : { ...asked, path: next.path };
    const answer = await client.send(wire, call);
    if (answer.outcome === 'gone') return;
    const page = jsonOf(answer.text);
    const items = listing.items(page);
    if (!Array.isArray(items)) throw new DriverError('transient', `${provider}: the list came in a form we do not know`);
    yield* items.filter((item) => !only || only.at(item) === only.is(values));
    const following = nextPlace(listing.paging, { ...reader, place: next, page, count: items.length, path: wire.path });
    if (following && (pages >= MOST_PAGES || JSON.stringify(following) === JSON.stringify(next)))
      throw new DriverError('transient', `${provider}: the list has no end when asked to ${listing.ask}`);
    next = following;
  }
}

/** Where a page is: in a value of the request, or at a path of its own. */
interface Place {
  readonly values: Values;
  readonly path?: string;
}

function firstPlace(paging: Paging | undefined): Place {
  if (paging?.by === 'page') return { values: { page: paging.from } };
  return { values: paging?.by === 'offset' ? { offset: 0 } : {} };
}

interface Turned extends Reader {
  readonly place: Place;
  readonly page: unknown;
  readonly count: number;
  /** Of the page. */
  readonly path: string;
}

function nextPlace(paging: Paging | undefined, turned: Turned): Place | undefined {
  const { place, page, count } = turned;
  if (paging?.by === 'page') return count > 0 ? { values: { page: Number(place.values['page']) + 1 } } : undefined;
  if (paging?.by === 'offset') return count > 0 ? { values: { offset: Number(place.values['offset']) + count } } : undefined;
  const told = paging && pointerTo(paging.at)(page);
  if (told === undefined || told === null || told === '' || told === false) return undefined;
  if (paging?.by === 'cursor') return { values: { cursor: told } };
  return { values: {}, path: pathWithin(turned, textOf(told)) };
}

/** The token goes nowhere but to the manager that is configured. */
function pathWithin({ endpoint, path, provider }: Turned, link: string): string {
  const base = new URL(`${endpoint}/`);
  const url = URL.canParse(link, endpoint + path) ? new URL(link, endpoint + path) : undefined;
  if (url?.origin !== base.origin)
    throw new DriverError('transient', `${provider}: the next page of the list is said to be somewhere else than the manager`);
  const whole = url.pathname + url.search;
  return whole.startsWith(base.pathname) ? whole.slice(base.pathname.length - 1) : whole;
}
