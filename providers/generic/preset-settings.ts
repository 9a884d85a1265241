import type { PresetFile } from './preset-schema.ts';

type Declared = PresetFile['settings'];
type Given = Readonly<Record<string, string | readonly string[] | Readonly<Record<string, string>>>>;

/** What the configuration says too much, too little or in another form than its preset takes. */
export function settingProblems(declared: Declared, given: Given): { name: string; message: string; fix: string }[] {
  const known = Object.keys(declared);
  const unknown = Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      name,
      message: 'is not a setting of this preset',
      fix: known.length > 0 ? `known: ${known.join(', ')}` : 'it has none',
    }));
  const wrong = Object.entries(declared).flatMap(([name, { about, is, default: usual }]) => {
    const value = given[name];
    if (value === undefined) return usual === undefined ? [{ name, message: 'is missing', fix: `give ${is}: ${about}` }] : [];
    // To some vendors no list is every thing that there is.
    if (Object.keys(value).length === 0) return [{ name, message: 'is empty', fix: `give ${is}: ${about}` }];
    return formOf(value) === is ? [] : [{ name, message: 'is of the wrong kind', fix: `give ${is}: ${about}` }];
  });
  return [...unknown, ...wrong];
}

const formOf = (value: Given[string]) => (typeof value === 'string' ? 'text' : Array.isArray(value) ? 'list' : 'map');

/** With what the preset says where the configuration does not. */
export function settingsOf(declared: Declared, given: Given): Readonly<Record<string, unknown>> {
  return { ...Object.fromEntries(Object.entries(declared).map(([name, setting]) => [name, setting.default])), ...given };
}
