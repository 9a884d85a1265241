import type { z } from 'zod';
import type { Limit, Scopes } from '../reservation/plan.ts';
import { DEFAULT_PROJECT, type KeyRules, type KeySetting, type Project } from '../reservation/project.ts';
import type { Settings } from '../settings.ts';
import { defaultKeyRules } from './defaults.ts';
import type { ProjectEntry } from './project-schema.ts';
import type { Path, Report } from './problems.ts';
import { checkHidden } from './check-limits.ts';

type Entry = z.output<typeof ProjectEntry>;
type Keys = Entry['keys'];

/** The project of a configuration that says nothing of it. */
export function plainProject(settings: Settings, scopes: Scopes): Project {
  return { name: DEFAULT_PROJECT, limits: [], scopes, keys: defaultKeyRules(settings), says: [] };
}

/** What a project says over what holds for all of them. */
export function buildProject(name: string, entry: Entry, { settings, scopes }: { settings: Settings; scopes: Scopes }): Project {
  const house = defaultKeyRules(settings);
  return {
    name,
    description: entry.description,
    limits: entry.limits ?? [],
    // Without a prototype, so that a name such as `constructor` finds nothing.
    scopes: Object.assign(Object.create(null) as Record<string, never>, scopes, entry.scopes),
    keys: rulesOver(house, entry.keys),
    says: saidBy(entry.keys),
  };
}

function rulesOver(house: KeyRules, { expires = {}, kept, rotation, quota, rateLimit, ...said }: Keys): KeyRules {
  const longestMs = expires.longest ?? Math.max(house.expires.longestMs, expires.default ?? 0);
  const defined = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  return {
    ...house,
    ...defined,
    expires: {
      defaultMs: expires.default ?? Math.min(house.expires.defaultMs, longestMs),
      longestMs,
      never: expires.never ?? house.expires.never,
    },
    quota: limitOver(house.quota, quota),
    rateLimit: limitOver(house.rateLimit, rateLimit),
    rotation: rotation ? { everyMs: rotation.every, overlapMs: rotation.overlap } : house.rotation,
    keptMs: kept ?? house.keptMs,
  };
}

function limitOver(house: Limit | undefined, said: Limit | 'none' | undefined): Limit | undefined {
  return said === 'none' ? undefined : (said ?? house);
}

function saidBy({ kept, ...keys }: Keys): KeySetting[] {
  const said = Object.entries(keys).flatMap(([setting, value]) => (value === undefined ? [] : [setting as KeySetting]));
  return kept === undefined ? said : [...said, 'keptMs'];
}

export function checkProject({ limits, keys }: Project, path: Path, report: Report): void {
  checkHidden(limits, [...path, 'limits'], report);
  checkHidden(keys.limits ?? [], [...path, 'keys', 'limits'], report);
  const { defaultMs, longestMs } = keys.expires;
  if (defaultMs > longestMs)
    report({
      path: [...path, 'keys', 'expires', 'default'],
      message: 'is later than longest',
      fix: 'write less, or more for longest',
    });
  if (defaultMs === 0 || longestMs === 0)
    report({
      path: [...path, 'keys', 'expires', longestMs === 0 ? 'longest' : 'default'],
      message: 'is nothing: every key would be dead when it is made',
      fix: 'write a length such as 30d',
    });
  if (keys.rotation && keys.rotation.overlapMs >= keys.rotation.everyMs)
    report({
      path: [...path, 'keys', 'rotation', 'overlap'],
      message: 'is as long as the time between rotations',
      fix: 'write less than every',
    });
}
