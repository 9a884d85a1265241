import type { KeyRules, KeySetting, Project } from '../reservation/project.ts';

/** Who said what is in force, the nearest first. */
export const SAID_BY = ['key', 'project', 'global'] as const;
export type SaidBy = (typeof SAID_BY)[number];

export const KEY_SETTINGS = [
  'prefix',
  'expires',
  'created',
  'tokenType',
  'quota',
  'rateLimit',
  'limits',
  'allowedIps',
  'deniedIps',
  'hours',
  'rotation',
  'keptMs',
] as const satisfies readonly KeySetting[];

export interface InForce {
  readonly setting: KeySetting;
  /** Null where there is none, such as no quota. */
  readonly value: unknown;
  readonly from: SaidBy;
}

/** What holds for a project's keys, or for one of them, and who said so: the key over the project over the whole house. `key` is what it says itself. */
export function effectiveConfig({
  project,
  key = {},
}: {
  readonly project: Project;
  readonly key?: Partial<KeyRules>;
}): readonly InForce[] {
  return KEY_SETTINGS.map((setting) => {
    if (key[setting] !== undefined) return { setting, value: key[setting], from: 'key' };
    const from = project.says.includes(setting) ? 'project' : 'global';
    return { setting, value: project.keys[setting] ?? null, from };
  });
}
