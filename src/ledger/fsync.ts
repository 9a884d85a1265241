import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** As much of Emscripten's node file system as is needed to give it the fsync it lacks. */
interface EmscriptenModule {
  NODEFS?: NodeFileSystem;
  FS: { filesystems: { NODEFS: NodeFileSystem } };
}
interface NodeFileSystem {
  stream_ops: { fsync?: (stream: { nfd?: number; node: unknown }) => number };
  realPath(node: unknown): string;
}

export type InstallFsync = (module: EmscriptenModule, onFsync: () => void) => void;

/** WASI's EIO: PostgreSQL panics on it, as it must when the disk did not take the write-ahead log. */
const EIO = 29;

/** Guard 1: PGlite's file system forgets fsync; this one has it. `count` is how often it was called. */
export function durableFs(folder: string, install: InstallFsync): { fs: NodeFS; count: () => number } {
  const fs = new NodeFS(folder);
  const init = fs.init.bind(fs);
  let count = 0;
  fs.init = async (pg, options) => {
    const made = await init(pg, options);
    const hook = (module: unknown) => install(module as EmscriptenModule, () => count++);
    made.emscriptenOpts.preRun = [hook, ...((made.emscriptenOpts.preRun ?? []) as never[])];
    return made;
  };
  return { fs, count: () => count };
}

/** Uses PGlite's internals, which is why its version is pinned and `assertDurable` runs at every start. */
export const installFsync: InstallFsync = (module, onFsync) => {
  const nodefs = module.NODEFS ?? module.FS.filesystems.NODEFS;
  nodefs.stream_ops.fsync = (stream) => {
    try {
      // Directories have no descriptor of their own there.
      if (stream.nfd === undefined) syncPath(nodefs.realPath(stream.node));
      else fsyncSync(stream.nfd);
    } catch {
      return EIO;
    }
    onFsync();
    return 0;
  };
};

/** Commits something and looks whether it was synced to disk. Throws when it was not: then nothing we acknowledge would survive a power cut. */
export async function assertDurable(pg: PGlite, count: () => number): Promise<void> {
  const before = count();
  await pg.query(`select pg_logical_emit_message(true, 'latchkey', 'fsync self-check')`);
  if (count() === before)
    throw new Error(
      'ledger: the embedded database does not sync its commits to disk, so it would lose them in a power cut; use DATABASE_URL',
    );
}

/** Syncs a folder and everything in it. */
export function syncTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) syncTree(path);
    else if (entry.isFile()) syncPath(path);
  }
  syncPath(folder);
}

export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
