import { setTimeout as wait } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import type { InventoryAnswer } from './answers.ts';
import type { Api, Page } from './api.ts';
import { EXIT, Quit } from './exit.ts';
import { plain } from './output.ts';

const LOOK_AGAIN_MS = 500;
const DOING = { listing: 'listing keys', checking: 'asking for missing keys', fixing: 'going through the differences' } as const;

/** Follows the inventory that was asked for to its end. */
export async function followInventory(provider: string, api: Api): Promise<InventoryAnswer> {
  const bar = progressBar(plain(provider));
  bar.start(0, 0, { doing: 'waiting', of: '' });
  try {
    for (;;) {
      const item = await look(provider, api);
      if (item.asked === null) return item;
      const { running } = item;
      if (running) bar.update(running.count, { doing: DOING[running.phase], of: running.of === null ? '' : ` of ${running.of}` });
      await wait(LOOK_AGAIN_MS);
    }
  } finally {
    bar.stop();
  }
}

async function look(provider: string, api: Api): Promise<InventoryAnswer> {
  const { items } = await api.get<Page<InventoryAnswer>>('/inventory', { provider });
  if (!items[0]) throw new Quit(EXIT.failed, `provider ${plain(provider)} is not configured any more`);
  return items[0];
}

/** On stderr, and only where somebody watches: stdout is for the result. How many keys there are is not known before the end. */
function progressBar(provider: string): SingleBar {
  return new SingleBar({
    format: `${provider}: {doing} {value}{of}`,
    stream: process.stderr,
    noTTYOutput: false,
    hideCursor: true,
    clearOnComplete: true,
  });
}
