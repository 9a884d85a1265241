import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';

/** What came back. Status 0: nothing did, and `problem` says why. */
export interface Reply {
  readonly status: number;
  /** As our own intake says it: accepted, duplicate, ignored, quarantined. */
  readonly outcome?: string;
  readonly problem?: string;
  readonly ms: number;
}

export interface Poster {
  post(body: string, headers: Readonly<Record<string, string>>): Promise<Reply>;
  close(): void;
}

export interface Patience {
  readonly connectMs: number;
  /** From the beginning to the whole answer. */
  readonly answerMs: number;
}

/** As the booking service has it. */
export const PATIENCE: Patience = { connectMs: 5_000, answerMs: 10_000 };
const LONGEST_ANSWER = 64 * 1024;

/** Posts to one address and follows no redirect. Never rejects. */
export function createPoster(url: URL, { atOnce, connectMs, answerMs }: Patience & { readonly atOnce: number }): Poster {
  const secure = url.protocol === 'https:';
  const agent = new (secure ? SecureAgent : PlainAgent)({ keepAlive: true, maxSockets: atOnce });
  const request = secure ? secureRequest : plainRequest;

  function post(body: string, headers: Readonly<Record<string, string>>): Promise<Reply> {
    const began = performance.now();
    return new Promise((resolve) => {
      const done = (reply: Omit<Reply, 'ms'>) => resolve({ ...reply, ms: performance.now() - began });
      const length = String(Buffer.byteLength(body));
      const asked = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': length } });
      const giveUp = (after: number, what: string) =>
        setTimeout(() => asked.destroy(new Error(`no ${what} in ${after / 1000} s`)), after);
      const connecting = giveUp(connectMs, 'connection');
      const answering = giveUp(answerMs, 'answer');
      const settle = () => [connecting, answering].forEach((timer) => clearTimeout(timer));
      asked.once('socket', (socket) => {
        if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
        else clearTimeout(connecting);
      });
      const fail = (error: NodeJS.ErrnoException) => {
        settle();
        done({ status: 0, problem: error.code ?? error.message });
      };
      asked.once('error', fail);
      asked.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          if (text.length < LONGEST_ANSWER) text += chunk;
        });
        response.once('error', fail);
        response.once('end', () => {
          settle();
          done({ status: response.statusCode ?? 0, outcome: outcomeOf(text) });
        });
      });
      asked.end(body);
    });
  }

  return { post, close: () => agent.destroy() };
}

function outcomeOf(text: string): string | undefined {
  try {
    const { status } = JSON.parse(text) as { status?: unknown };
    return typeof status === 'string' ? status.slice(0, 40) : undefined;
  } catch {
    return undefined;
  }
}
