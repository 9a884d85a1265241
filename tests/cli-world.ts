import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The real command as a process, and a small HTTP server that plays the service it talks to. */

export const CLI = fileURLToPath(new URL('../src/cli.mjs', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing of this machine's settings reaches it; `execArgv` are options of Node itself. */
export async function latchkey(
  args: readonly string[],
  options: {
    env?: Record<string, string>;
    execArgv?: readonly string[];
    cli?: string;
    cwd?: string;
    onStart?: (child: ChildProcess) => void;
  } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [...(options.execArgv ?? []), options.cli ?? CLI, ...args], {
    env: { PATH: process.env.PATH, DATA_DIR: '/nonexistent', NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.cwd,
  });
  options.onStart?.(child);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { code, stdout, stderr };
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly raw: Buffer;
  readonly rawHeaders: readonly string[];
  readonly authorization: string | undefined;
}

export interface Answered {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface StandIn {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** The requests to this path, e.g. `POST /api/v1/rotations`. */
  to(route: string): Asked[];
  close(): Promise<void>;
}

/** Answers by route, e.g. `GET /api/v1/leases`; anything else is a 404 as the service writes it. */
export async function startStandIn(routes: Readonly<Record<string, (asked: Asked) => Answered>>): Promise<StandIn> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url!, 'http://stand-in');
      const raw = Buffer.concat(chunks);
      const seen: Asked = {
        method: request.method!,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        body: raw.length > 0 ? (JSON.parse(raw.toString()) as unknown) : undefined,
        raw,
        rawHeaders: request.rawHeaders,
        authorization: request.headers.authorization,
      };
      asked.push(seen);
      const route = routes[`${seen.method} ${seen.path}`];
      const { status = 200, headers = {}, body = '' } = route ? route(seen) : problem(404, 'There is nothing here.');
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    to: (route) => asked.filter(({ method, path }) => `${method} ${path}` === route),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A refusal as the service writes it. */
export function problem(status: number, detail: string, fields: Readonly<Record<string, string>> = {}): Answered {
  const body = { type: 'about:blank', title: 'Problem', status, detail, code: 'invalid', requestId: 'req_1', ...fields };
  return { status, headers: { 'content-type': 'application/problem+json' }, body };
}
