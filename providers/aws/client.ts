import type { APIGatewayClient, GetApiKeysCommand } from '@aws-sdk/client-api-gateway';
import { type Call, DriverError } from '../driver.ts';
import type { Config } from './config.ts';
import { failureOf } from './errors.ts';
import { type Operation, OPERATIONS, type Operations } from './operations.ts';
import { watch } from './watch.ts';

export interface ClientOptions extends Pick<Config, 'region' | 'endpoint' | 'credentials'> {
  readonly userAgent: string;
  /** Begins every message. */
  readonly provider: string;
}

type Input<Name extends Operation> = Operations[Name][0];
type Output<Name extends Operation> = Operations[Name][1];
type Paged = 'GetApiKeys' | 'GetUsagePlans' | 'GetUsagePlanKeys' | 'GetResources';
type Item<Name extends Paged> = NonNullable<Output<Name>['items']>[number];

/** Sends each request once, in its turn. Throws only `DriverError`, and what a turn throws. */
export interface Client {
  send<Name extends Operation>(name: Name, input: Input<Name>, call: Call): Promise<Output<Name>>;
  /** Undefined when what it is about is not there. */
  sendIfThere<Name extends Operation>(name: Name, input: Input<Name>, call: Call): Promise<Output<Name> | undefined>;
  /** Undefined when it conflicts with what is there. */
  sendIfFree<Name extends Operation>(name: Name, input: Input<Name>, call: Call): Promise<Output<Name> | undefined>;
  /** The items of all pages. */
  pages<Name extends Paged>(name: Name, input: Input<Name>, call: Call): AsyncGenerator<Item<Name>>;
  /** None when what they are of is not there. */
  pagesIfThere<Name extends Paged>(name: Name, input: Input<Name>, call: Call): AsyncGenerator<Item<Name>>;
}

/** One request that hangs must not take the time of all the others in its call. */
const REQUEST_MS = 20_000;
const LARGEST_PAGE = 500;

type Sdk = typeof import('@aws-sdk/client-api-gateway');

export function createClient(options: ClientOptions): Client {
  let loaded: Promise<{ sdk: Sdk; gateway: APIGatewayClient }> | undefined;

  async function attempt<Name extends Operation>(
    name: Name,
    input: Input<Name>,
    call: Call,
  ): Promise<Output<Name> | 'gone' | 'conflict'> {
    const traits = OPERATIONS[name];
    // The scarcer turn first: where there is none, nothing has been taken from the others.
    if (traits.turn) await call.turn(traits.turn);
    await call.turn('all');
    const deadline = AbortSignal.any([call.signal, AbortSignal.timeout(REQUEST_MS)]);
    try {
      loaded ??= load(options);
      const { sdk, gateway } = await loaded;
      const command = new (sdk[`${name}Command`] as new (input: object) => GetApiKeysCommand)(input);
      watch(command.middlewareStack, call.trace);
      return await gateway.send(command, { abortSignal: deadline });
    } catch (error) {
      // An error of the SDK carries the vendor's text, and its response the key: it ends here.
      const word = error instanceof Error ? error.name : '';
      if (word === 'NotFoundException') return 'gone';
      if (word === 'ConflictException') return 'conflict';
      throw failureOf(error, { ...traits, provider: options.provider, late: deadline.aborted });
    }
  }

  async function send<Name extends Operation>(name: Name, input: Input<Name>, call: Call): Promise<Output<Name>> {
    return settled(await attempt(name, input, call), name, options.provider);
  }

  async function sendIfThere<Name extends Operation>(
    name: Name,
    input: Input<Name>,
    call: Call,
  ): Promise<Output<Name> | undefined> {
    const answer = await attempt(name, input, call);
    return answer === 'gone' ? undefined : settled(answer, name, options.provider);
  }

  return {
    send,
    sendIfThere,
    async sendIfFree(name, input, call) {
      const answer = await attempt(name, input, call);
      return answer === 'conflict' ? undefined : settled(answer, name, options.provider);
    },
    pages<Name extends Paged>(name: Name, input: Input<Name>, call: Call) {
      return itemsOf<Item<Name>>((position) => send(name, { limit: LARGEST_PAGE, ...input, position }, call));
    },
    pagesIfThere<Name extends Paged>(name: Name, input: Input<Name>, call: Call) {
      return itemsOf<Item<Name>>((position) => sendIfThere(name, { limit: LARGEST_PAGE, ...input, position }, call));
    },
  };
}

interface Page {
  readonly items?: readonly unknown[];
  readonly position?: string;
}

async function* itemsOf<One>(read: (position: string | undefined) => Promise<Page | undefined>): AsyncGenerator<One> {
  let position: string | undefined;
  do {
    const page = await read(position);
    yield* (page?.items ?? []) as readonly One[];
    position = page?.position;
  } while (position);
}

/** Imported on the first call: it costs time and memory that a start without this provider need not pay. */
async function load({ region, endpoint, credentials, userAgent }: ClientOptions) {
  const sdk = await import('@aws-sdk/client-api-gateway');
  const gateway = new sdk.APIGatewayClient({
    region,
    endpoint,
    credentials: credentials && {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey.reveal(),
      sessionToken: credentials.sessionToken?.reveal(),
    },
    // The core repeats calls, at the pace that all nodes share.
    maxAttempts: 1,
    customUserAgent: userAgent,
  });
  return { sdk, gateway };
}

function settled<Out extends object>(answer: Out | 'gone' | 'conflict', name: Operation, provider: string): Out {
  const { asks, conflict = 'transient' } = OPERATIONS[name];
  if (answer === 'gone') throw new DriverError('gone', `${provider}: not there when asked to ${asks}`, { status: 404 });
  if (answer === 'conflict') throw new DriverError(conflict, `${provider}: a conflict when asked to ${asks}`, { status: 409 });
  return answer;
}
