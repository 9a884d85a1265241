import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A part of the benchmark in a process of its own, which answers one message at a time. */
export interface Child<Ask, Answer> {
  readonly pid: number;
  ask(message: Ask): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts a script of this folder. Its first message says that it is ready, each later one answers. */
export async function openChild<Ask, Answer>(
  script: string,
  args: readonly string[] = [],
): Promise<{ child: Child<Ask, Answer>; hello: unknown }> {
  const running = fork(new URL(script, import.meta.url).pathname, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const hello = await nextMessage(running, script);
  const child: Child<Ask, Answer> = {
    pid: running.pid!,
    async ask(message) {
      running.send(message as object);
      return (await nextMessage(running, script)) as Answer;
    },
    stop: () => stopProcess(running),
  };
  return { child, hello };
}

/** On the other side: greets, then answers every message. */
export function answerParent(hello: object, answer: (message: never) => Promise<object>): void {
  const reply = async (message: never): Promise<void> => void process.send!(await answer(message));
  process.on('message', (message) => void reply(message as never));
  process.on('disconnect', () => process.exit(0));
  process.send!(hello);
}

export async function stopProcess(running: ChildProcess): Promise<void> {
  if (running.exitCode !== null || running.signalCode !== null) return;
  const gone = once(running, 'exit');
  running.kill('SIGTERM');
  const force = setTimeout(() => running.kill('SIGKILL'), 12_000);
  await gone;
  clearTimeout(force);
}

async function nextMessage(running: ChildProcess, script: string): Promise<unknown> {
  const stopped = new AbortController();
  try {
    const message = once(running, 'message', stopped).then(([value]) => value as unknown);
    const death = once(running, 'exit', stopped).then(([code]) => {
      throw new Error(`${script} ended with ${String(code)}`);
    });
    return await Promise.race([message, death]);
  } finally {
    stopped.abort();
  }
}
