import type { Command } from 'commander';
import { outputOf } from './connection.ts';
import { BrokenPromise, createNarrator } from './demo/narrator.ts';
import { EXIT } from './exit.ts';

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description("play one booking's whole life in about twenty seconds; needs no services and leaves nothing behind")
    .action(async (_options: object, command: Command) => {
      const out = outputOf(command);
      const narrator = createNarrator(
        (line) => out.json || process.stdout.write(`${line}\n`),
        () => new Date(),
      );
      // Loaded only here: they bring the whole service along.
      const [{ openStage }, { play }] = await Promise.all([import('./demo/stage.ts'), import('./demo/play.ts')]);
      narrator.act('Latchkey starts, in a temporary folder');
      const stage = await openStage();
      narrator.say(`ready, at ${stage.webhook}`);
      let broken: BrokenPromise | undefined;
      try {
        await play(stage, narrator);
      } catch (error) {
        if (!(error instanceof BrokenPromise)) throw error;
        broken = error;
        process.exitCode = EXIT.failed;
      } finally {
        await stage.close();
      }
      out.result({ ok: broken === undefined, told: narrator.told }, () => (broken ? '' : '\nEverything behaved as told.'));
      if (broken) out.note(`latchkey: the demo failed: ${broken.message}`);
    });
}
