import type { GetApiKeysCommand } from '@aws-sdk/client-api-gateway';
import type { Call } from '../driver.ts';

type Stack = Pick<GetApiKeysCommand['middlewareStack'], 'add'>;

interface Sent {
  readonly method: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly body?: unknown;
}

interface Received {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Tells a request and its status to whoever tries the provider out, and stops answers that are not API Gateway's: to the SDK a
 * proxy's page would be a list without keys, or a key that is deleted.
 */
export function watch(stack: Stack, trace: Call['trace']): void {
  stack.add(
    (next) => async (args) => {
      const sent = args.request as Sent;
      const began = performance.now();
      const tell = (status?: number) =>
        trace?.({
          method: sent.method,
          url: urlOf(sent),
          body: bodyOf(sent.body),
          status,
          ms: Math.round(performance.now() - began),
        });
      const answer = await next(args).catch((error: unknown) => {
        tell();
        throw error;
      });
      const { statusCode, headers } = answer.response as Received;
      tell(statusCode);
      if (statusCode < 300 && !isTheirs(sent.method, headers['content-type'] ?? ''))
        throw Object.assign(new SyntaxError('not JSON'), { $metadata: { httpStatusCode: statusCode } });
      return answer;
    },
    { step: 'deserialize', priority: 'low', name: 'latchkeyWatch' },
  );
}

/** What is deleted is answered without a body. */
const isTheirs = (method: string, type: string): boolean => type.includes('json') || (method === 'DELETE' && type === '');

function urlOf({ hostname, port, path, query = {} }: Sent): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) for (const one of [value ?? ''].flat()) asked.append(name, one);
  return `${hostname}${port ? `:${port}` : ''}${path}${asked.size ? `?${asked.toString()}` : ''}`;
}

function bodyOf(body: unknown): unknown {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
  if (typeof text !== 'string' || !text.startsWith('{')) return text || undefined;
  return JSON.parse(text);
}
