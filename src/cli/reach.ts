import { EXIT, Quit } from './exit.ts';
import { plain } from './output.ts';

export interface Reached {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
  /** Undefined when the text is no JSON. */
  readonly json: unknown;
}

/** One HTTP request. Any answer is an answer, redirects too; only silence is a failure: a `Quit` that says what could not be reached. */
export async function reach(url: string, init: RequestInit & { readonly timeoutMs: number }): Promise<Reached> {
  const { timeoutMs, ...request } = init;
  try {
    const response = await fetch(url, { ...request, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    return { status: response.status, location: response.headers.get('location') ?? undefined, text, json: readJson(text) };
  } catch (error) {
    throw new Quit(EXIT.unreachable, `${url} cannot be reached (${plain(whyNot(error))}): is Latchkey running there?`);
  }
}

/** fetch hides what happened in the cause. */
function whyNot(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code || cause.message : 'unknown error';
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
