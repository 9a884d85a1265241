import type { Settings } from '../settings.ts';
import { lookUp, type Environment } from '../settings/lookup.ts';
import { describeVariables } from '../settings/variables.ts';
import type { Finding } from './problems.ts';

const REFERENCE = /\$(\$?)\{([^}]*)\}/g;

export interface Expander {
  /** Puts values in the place of `${NAME}`; `$${` stays a plain `${`. */
  readonly expand: (text: string, complain: (finding: Omit<Finding, 'path'>) => void) => string;
  /** Takes what was put in out of a message again, so that no secret is shown by a complaint about it. */
  readonly mask: (text: string) => string;
}

/**
 * Latchkey's own variables are known even when they are not set: then they are empty, or their default. Any other name must be
 * set, if only to nothing.
 */
export function createExpander(env: Environment, settings: Settings): Expander {
  const known = new Map(describeVariables().map((variable) => [variable.name as string, variable.default ?? '']));
  const used = new Map<string, string>();
  const valueOf = (name: string): string | Omit<Finding, 'path'> => {
    const found = lookUp(env, name);
    if ('problem' in found) return { message: `needs ${name}, which is wrong`, fix: found.problem };
    if (found.value !== undefined) return found.value;
    // The secret made on the first start lies in a file, not in the environment.
    if (name === 'WEBHOOK_SECRET' && settings.webhookSecret) return settings.webhookSecret.reveal();
    const fallback = env[name] ?? known.get(name);
    return fallback ?? { message: `names \${${name}}, which is not set`, fix: `set ${name} or ${name}_FILE in the environment` };
  };
  return {
    expand: (text, complain) =>
      text.replace(REFERENCE, (whole, escaped: string, name: string) => {
        if (escaped) return whole.slice(1);
        if (!/^\w+$/.test(name)) {
          complain({
            message: `holds ${whole}, which is no variable`,
            fix: 'write ${NAME} with letters, digits and _, or $${ for a plain ${',
          });
          return '';
        }
        const value = valueOf(name);
        if (typeof value !== 'string') {
          complain(value);
          return '';
        }
        if (value.length > 3) used.set(value, name);
        return value;
      }),
    mask: (text) => [...used].reduce((masked, [value, name]) => masked.replaceAll(value, `\${${name}}`), text),
  };
}
