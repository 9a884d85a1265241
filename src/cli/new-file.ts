import { lstat, open, rm } from 'node:fs/promises';
import { EXIT, Quit } from './exit.ts';
import { plain } from './output.ts';

export type NewFile = Awaited<ReturnType<typeof open>>;

/** Works with a file that only its maker may read and that was not there; one that nothing came into does not stand in the way of the next try. */
export async function withNewFile(name: string | undefined, work: (file: NewFile | undefined) => Promise<void>): Promise<void> {
  if (name === undefined) return await work(undefined);
  const file = await open(name, (await isLeftEmpty(name)) ? 'r+' : 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new Quit(EXIT.usage, `${plain(name)} cannot be made (${error.code}): give a file that is not there yet`);
  });
  try {
    await work(file);
  } finally {
    const { size } = await file.stat();
    await file.close();
    if (size === 0) await rm(name);
  }
}

/** As a command leaves it that was stopped before anything came into it. */
async function isLeftEmpty(name: string): Promise<boolean> {
  const found = await lstat(name).catch(() => undefined);
  return found !== undefined && found.isFile() && found.size === 0 && (found.mode & 0o077) === 0;
}
