import type { z } from 'zod';
import type { Scopes } from '../reservation/plan.ts';
import type { Provider } from '../reservation/policy.ts';
import type { Project } from '../reservation/project.ts';
import type { PolicyInput } from '../policy.ts';
import { findingsOf } from './issues.ts';
import type { Path, Report } from './problems.ts';
import { suggest } from '../reservation/suggest.ts';
import { ProjectEntry } from './project-schema.ts';
import { buildProject, checkProject } from './projects.ts';
import { ProviderEntry } from './schema.ts';

/** Entries of the sections, each read by itself: what is wrong in one is told and hides nothing of the others. */

export interface Reading {
  readonly input: PolicyInput;
  readonly report: Report;
}

export function readProject(
  name: string,
  value: unknown,
  { input: { settings }, scopes, report }: Reading & { readonly scopes: Scopes },
): Project | undefined {
  const path = ['projects', name];
  const entry = parse(ProjectEntry, value ?? {}, path, report);
  if (!entry) return undefined;
  const project = buildProject(name, entry, { settings, scopes });
  checkProject(project, path, report);
  return project;
}

export function readProvider(name: string, value: unknown, { input, report }: Reading): Provider | undefined {
  const path = ['providers', name];
  const entry = parse(ProviderEntry, value, path, report);
  if (!entry) return undefined;
  const { driver: id, inventory, strays, verify, ...config } = entry;
  const driver = input.drivers.find((candidate) => candidate.id === id);
  if (!driver) {
    const known = input.drivers.map((candidate) => candidate.id);
    report({ path: [...path, 'driver'], message: `names no driver: "${id}"`, fix: suggest(id, known) });
    return undefined;
  }
  return { name, driver: id, inventory, strays, verify, config: parse(driver.config, config, path, report) };
}

/** What is right; else undefined, and what is wrong is told. */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: Path,
  report: Report,
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const finding of findingsOf(parsed.error, schema, path)) report(finding);
  return undefined;
}

/** Without a prototype, so that a name from a URL such as `constructor` finds nothing. */
export function eachOf<T>(
  entries: Record<string, unknown>,
  read: (name: string, entry: unknown) => T | undefined,
): Record<string, T> {
  const results = Object.create(null) as Record<string, T>;
  for (const [name, entry] of Object.entries(entries)) {
    const result = read(name, entry);
    if (result !== undefined) results[name] = result;
  }
  return results;
}
