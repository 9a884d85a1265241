import { z } from 'zod';
import type { DriverDefinition } from '../../providers/driver.ts';
import { StandardEvent } from '../sources/standard-event.ts';
import { PolicyFile, ProviderEntry, ProviderRules } from '../policy/schema.ts';
import { SourceEntry } from '../policy/source-schema.ts';
import { name } from '../policy/words.ts';
import { describeVariables } from '../settings/variables.ts';

/** Documents made from the code, so that they cannot say something else. */

export function envExample(): string {
  const entries = describeVariables().map(
    (variable) => `# ${variable.description}${variable.secret ? ' Secret.' : ''}\n#${variable.name}=${variable.default ?? ''}\n`,
  );
  return [
    '# Every variable Latchkey reads, with its default. Each can also be given as NAME_FILE, a file that holds the value.\n# Made by `npm run generate`.\n',
    ...entries,
  ].join('\n');
}

/** For the README. */
export function environmentTable(): string {
  const rows = describeVariables().map((variable) => {
    const value = variable.default === undefined ? '' : `\`${variable.default}\``;
    return `| \`${variable.name}\` | ${value} | ${variable.description.replaceAll('|', '\\|')}${variable.secret ? ' Secret.' : ''} |`;
  });
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** For editors: `# yaml-language-server: $schema=latchkey.schema.json`. */
export function configSchema(drivers: readonly DriverDefinition[]): string {
  const providers = z.record(name, z.union(drivers.map(providerOf))).nullish();
  return jsonSchema(PolicyFile.extend({ providers }).meta(PolicyFile.meta() ?? {}));
}

/** For editors: one entry of `sources:`, as the files in config/sources/ are. */
export function sourceSchema(): string {
  return jsonSchema(SourceEntry.meta({ title: 'A source', ...SourceEntry.meta() }));
}

/** For reservation systems that post our own format. */
export function eventSchema(): string {
  return jsonSchema(
    StandardEvent.meta({ title: 'A reservation event', description: 'The body of a webhook of the preset "standard".' }),
  );
}

function providerOf(driver: DriverDefinition) {
  const id = z.literal(driver.id);
  return driver.config instanceof z.ZodObject
    ? driver.config.safeExtend({ ...ProviderRules.shape, driver: id })
    : ProviderEntry.extend({ driver: id });
}

function jsonSchema(schema: z.ZodType): string {
  const made = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema: part }) => {
      // "${NAME}" may stand where a URL goes.
      if (part.format === 'uri') delete part.format;
    },
  });
  return `${JSON.stringify(made, null, 2)}\n`;
}
