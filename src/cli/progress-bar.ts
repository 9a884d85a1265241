import type { SingleBar } from 'cli-progress';

/** On stderr, and only where somebody watches: stdout is for the result. */
export async function progressBar(doing: string): Promise<SingleBar> {
  const { SingleBar } = await import('cli-progress');
  return new SingleBar({
    format: `${doing} {bar} {value}/{total}`,
    stream: process.stderr,
    noTTYOutput: false,
    hideCursor: true,
    clearOnComplete: true,
  });
}
