import type { Command } from 'commander';
import type { MadeProjectKeyAnswer, ProjectKeyAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { plain } from './output.ts';
import { inProject } from './project-key-text.ts';
import { tellMade } from './project-keys-making.ts';

interface Why {
  readonly project: string;
  readonly reason: string;
}

/** `latchkey project-keys suspend|resume|revoke|delete|rotate|reveal`. */
export function addProjectKeyActs(keys: Command): void {
  addAct(keys, { verb: 'suspend', about: 'hold a key back until it is resumed' });
  addAct(keys, { verb: 'resume', about: 'let a suspended key go on' });
  addAct(keys, { verb: 'revoke', about: 'take a key away, for good' });
  addDelete(keys);
  addRotate(keys);
  addReveal(keys);
}

function addAct(keys: Command, { verb, about }: { verb: string; about: string }): void {
  inProject(keys.command(verb).description(about).argument('<id>'))
    .option('--reason <text>', 'for the audit', 'by an operator')
    .action(async (id: string, { project, reason }: Why, command: Command) => {
      const { api, out } = await connect(command);
      const { body } = await api.post<ProjectKeyAnswer>(`${path`/projects/${project}/keys/${id}`}/${verb}`, { reason });
      out.result(body, () => `${plain(body.id)} (${plain(body.name)}) is ${plain(body.state)}`);
    });
}

function addDelete(keys: Command): void {
  inProject(keys.command('delete').description('take a dead key out of the lists; its audit stays').argument('<id>'))
    .option('--revoke', 'also one that may still work')
    .action(async (id: string, { project, revoke }: { project: string; revoke?: true }, command: Command) => {
      const { api, out } = await connect(command);
      await api.delete(`${path`/projects/${project}/keys/${id}`}${revoke ? '?revoke=true' : ''}`);
      out.result({ id, deleted: true }, () => `${plain(id)} is deleted`);
    });
}

interface Rotating extends Why {
  readonly overlap?: string;
  readonly owner?: string;
  readonly scope?: string;
  readonly all?: true;
}

function addRotate(keys: Command): void {
  inProject(keys.command('rotate').description('another value for one key, or for many').argument('[id]'))
    .option('--overlap <length>', 'how long the old value stays good; 0 after a leak')
    .option('--reason <text>', 'for the audit', 'rotated by an operator')
    .option('--owner <owner>', 'all keys that are for somebody')
    .option('--scope <scope>', 'all keys that have a scope')
    .option('--all', 'all keys of the project')
    .addHelpText(
      'after',
      '\nFor many the new values are made by the service, and each waits: fetch it once by reveal. With --overlap 0 the old values are refused at once.',
    )
    .action(async (id: string | undefined, { project, overlap, reason, owner, scope, all }: Rotating, command: Command) => {
      const isMany = all === true || owner !== undefined || scope !== undefined;
      if ((id !== undefined) === isMany) throw new Quit(EXIT.usage, 'Give one key, or --owner, --scope or --all.');
      const { api, out } = await connect(command);
      if (id !== undefined) {
        const { body } = await api.post<MadeProjectKeyAnswer>(path`/projects/${project}/keys/${id}/rotate`, { overlap, reason });
        return tellMade(out, body);
      }
      const asked = { filter: { owner, scope }, overlap: overlap ?? '24h', reason };
      const { body } = await api.post<{ keys: number }>(path`/projects/${project}/keys/rotate`, asked);
      out.result(body, () => `${body.keys} keys get a new value, which waits to be revealed`);
    });
}

function addReveal(keys: Command): void {
  inProject(keys.command('reveal').description('fetch the value that the clock made, once').argument('<id>')).action(
    async (id: string, { project }: { project: string }, command: Command) => {
      const { api, out } = await connect(command);
      tellMade(out, (await api.post<MadeProjectKeyAnswer>(path`/projects/${project}/keys/${id}/reveal`)).body);
    },
  );
}
