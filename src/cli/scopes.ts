import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parse } from 'yaml';
import type { ScopeChangesAnswer, ScopesOfDocumentAnswer } from './answers.ts';
import { path } from './api.ts';
import { connect } from './connection.ts';
import { EXIT, Quit } from './exit.ts';
import { plain } from './output.ts';
import { changesText, doubtsText } from './scopes-text.ts';

/** `latchkey scopes import|export|from-openapi`; `list` comes with the other lists of a project. */
export function addScopeActs(scopes: Command): void {
  scopes
    .command('import')
    .description('describe many scopes at once, all or nothing')
    .argument('<file>', 'JSON or YAML: a list of scopes, or a map of them by name')
    .option('--project <name>', 'whose catalogue', 'default')
    .option('--dry-run', 'only tell what would change')
    .action(async (file: string, { project, dryRun = false }: { project: string; dryRun?: boolean }, command: Command) => {
      const given = await readValue(file);
      const { api, out } = await connect(command);
      const isExport = typeof given === 'object' && given !== null && Array.isArray((given as { scopes?: unknown }).scopes);
      const body = { scopes: isExport ? (given as { scopes: unknown }).scopes : given, dryRun };
      const { body: changes } = await api
        .post<ScopeChangesAnswer>(path`/projects/${project}/scopes/import`, body)
        .catch((error: unknown) => {
          throw withMistakes(error);
        });
      out.result(changes, () => changesText(changes));
    });
  scopes
    .command('export')
    .description('all scopes that were described by API, as an import takes them')
    .option('--project <name>', 'whose catalogue', 'default')
    .action(async ({ project }: { project: string }, command: Command) => {
      const { api, out } = await connect(command);
      const exported = await api.get<object>(path`/projects/${project}/scopes/export`);
      out.result(exported, () => JSON.stringify(exported, null, 2));
    });
  addFromOpenApi(scopes);
}

interface FromOpenApiOptions {
  readonly project: string;
  readonly strategy: string;
  readonly namespace?: string;
  readonly basePath?: string;
  readonly includeVersion?: boolean;
  readonly wildcards?: boolean;
  readonly ignoreUnknown?: boolean;
  readonly allowWider?: boolean;
  readonly prune?: boolean;
  readonly apply?: boolean;
}

function addFromOpenApi(scopes: Command): void {
  scopes
    .command('from-openapi')
    .description('scopes of an OpenAPI document; without --apply only shows them')
    .argument('<file>', 'OpenAPI 3.0 or 3.1 or Swagger 2.0, JSON or YAML')
    .option('--project <name>', 'whose catalogue', 'default')
    .option('--strategy <name>', 'path_resource, path_method, tag_based or operation_id', 'path_resource')
    .option('--namespace <name>', "the first part of every name; without it the document's title")
    .option('--base-path <path>', 'where the gateway has the API, where that is not what its servers say')
    .option('--include-version', 'tell v1 of /v1/pets in the name')
    .option('--wildcards', 'list shop:* and shop:pets:* too')
    .option('--ignore-unknown', 'leave out operations that no scope can be made for')
    .option('--allow-wider', 'make scopes that open more operations than they are named for')
    .option('--prune', 'take out scopes of the same namespace that came of a document and are not in this one')
    .option('--apply', 'make them')
    .action(async (file: string, options: FromOpenApiOptions, command: Command) => {
      // Read here, so that the service has no YAML to read, which takes much longer than JSON.
      const document = await readValue(file);
      const { api, out } = await connect(command);
      const body = { document, ...wishOf(options) };
      const { body: made } = await api.post<ScopesOfDocumentAnswer>(path`/projects/${options.project}/scopes/from-openapi`, body);
      out.result(made, () => [changesText(made), doubtsText(made)].filter(Boolean).join('\n'));
      if (!options.apply) out.note('Nothing was changed: add --apply.');
    });
}

function wishOf(options: FromOpenApiOptions): object {
  const { namespace, includeVersion = false, basePath } = options;
  return {
    strategy: options.strategy,
    naming: { ...(namespace !== undefined && { namespace }), includeVersion },
    ...(basePath !== undefined && { basePath }),
    generateWildcards: options.wildcards ?? false,
    ignoreUnknownResources: options.ignoreUnknown ?? false,
    allowWider: options.allowWider ?? false,
    prune: options.prune ?? false,
    dryRun: !options.apply,
  };
}

/** Every mistake of a refused import on a line of its own. */
function withMistakes(error: unknown): unknown {
  const mistakes = error instanceof Quit ? error.details['mistakes'] : undefined;
  if (!(error instanceof Quit) || !Array.isArray(mistakes)) return error;
  const lines = (mistakes as { at: string; message: string }[]).map(({ at, message }) => `  ${plain(at)}: ${plain(message)}`);
  return new Quit(error.exitCode, [error.message, ...lines].join('\n'), error.details);
}

/** JSON is YAML as well. */
async function readValue(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Quit(EXIT.usage, `${plain(file)} cannot be read (${error.code})`);
  });
  try {
    return /^\s*[{[]/.test(text) ? JSON.parse(text) : parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new Quit(EXIT.failed, `${plain(file)}: ${plain(error instanceof Error ? error.message : 'cannot be read')}`);
  }
}
