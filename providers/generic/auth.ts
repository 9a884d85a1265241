import { Secret } from '../../src/secret/secret.ts';
import { type Context, inside } from './expression.ts';
import type { Values } from './filters.ts';
import type { PresetFile } from './preset-schema.ts';
import { compileText } from './template.ts';

/** The header in which the management token goes, and how it stands in it. */
export interface CompiledAuth {
  readonly header: string;
  value(token: Secret, values: Values): Secret;
}

export function compileAuth(auth: PresetFile['auth'], context: Context): CompiledAuth {
  if (auth === 'bearer') return { header: 'Authorization', value: (token) => new Secret(`Bearer ${token.reveal()}`) };
  if ('header' in auth) return { header: auth.header, value: (token) => new Secret(auth.prefix + token.reveal()) };
  const user = compileText(auth.basic, inside(context, 'basic'));
  return {
    header: 'Authorization',
    value: (token, values) => new Secret(`Basic ${Buffer.from(`${String(user(values))}:${token.reveal()}`).toString('base64')}`),
  };
}
