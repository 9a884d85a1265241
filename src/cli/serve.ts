import type { Command } from 'commander';

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the service, as `npm start` does')
    .action(async () => {
      // Loaded only here: the other commands start in a fraction of the time.
      const { serve } = await import('../serve.ts');
      await serve();
    });
}
