import type { Command } from 'commander';
import { createApi } from './api.ts';
import { outputOf, serviceUrl, type GlobalOptions } from './connection.ts';

export function addOpenapi(program: Command): void {
  program
    .command('openapi')
    .description('print the OpenAPI document of a running service')
    .action(async (_options: object, command: Command) => {
      const { url } = command.optsWithGlobals<GlobalOptions>();
      const document = await createApi({ url: serviceUrl(url) }).get<object>('/openapi.json');
      outputOf(command).result(document, () => JSON.stringify(document, null, 2));
    });
}
