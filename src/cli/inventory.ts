import type { Command } from 'commander';
import type { InventoryAnswer } from './answers.ts';
import { path, type Api, type Page } from './api.ts';
import { connect } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { followInventory } from './inventory-progress.ts';
import { inventoryText } from './inventory-text.ts';
import { plain } from './output.ts';

interface InventoryOptions {
  readonly fix?: true;
  readonly evenIfMostAreMissing?: true;
}

export function addInventory(program: Command): void {
  program
    .command('inventory')
    .description('compare what providers have under our names with our books; without --fix nothing is changed there')
    .argument('[provider]', 'only this one')
    .option('--fix', 'revoke what is dead, replace what is missing, repair what is otherwise')
    .option('--even-if-most-are-missing', 'fix also where more than half of the keys are not listed')
    .addHelpText(
      'after',
      '\nAn inventory is taken in the service: it goes on when this command is stopped. Strays are only touched where the provider\nsays strays: revoke. Exit code 3 when something could not be set right, or not every provider could be looked at.',
    )
    .action(async (provider: string | undefined, options: InventoryOptions, command: Command) => {
      const { api, out } = await connect(command);
      const listing = await providersThatList(api, provider);
      const wish = { fix: options.fix === true, evenIfMostAreMissing: options.evenIfMostAreMissing === true };
      for (const name of listing) await api.post(path`/providers/${name}/inventory`, wish);
      const items: InventoryAnswer[] = [];
      for (const name of listing) items.push(await followInventory(name, api));
      out.result({ items }, () => items.map(inventoryText).join('\n\n'));
      const failed = items.filter((item) => item.failed !== null || (item.report?.failed ?? 0) > 0);
      if (failed.length > 0) process.exitCode = items.every((item) => item.failed !== null) ? EXIT.failed : EXIT.partly;
    });
}

async function providersThatList(api: Api, asked: string | undefined): Promise<string[]> {
  const { items } = await api.get<Page<InventoryAnswer>>('/inventory', { provider: asked });
  if (asked !== undefined && items.length === 0) throw new Quit(EXIT.failed, `there is no provider ${plain(asked)}`);
  const listing = items.filter(({ lists }) => lists).map(({ provider }) => provider);
  if (listing.length > 0) return listing;
  const which = asked === undefined ? 'no provider lists its keys' : `provider ${plain(asked)} does not list its keys`;
  throw new Quit(EXIT.failed, `${which}, so there is nothing to compare`);
}
