import type { Asked, KeyForm, LimitReport } from '../driver.ts';
import { compileAuth, type CompiledAuth } from './auth.ts';
import { compileRequest, compileStep, type CompiledRequest, type CompiledStep, undoOf } from './compile-step.ts';
import { type Context, inside, knowing, type Path, type Read } from './expression.ts';
import type { Values } from './filters.ts';
import { compileLimits } from './compile-limits.ts';
import { checkReach } from './reach.ts';
import { compileListing, type CompiledListing } from './pages.ts';
import { type Pointer, pointerTo } from './pointer.ts';
import type { PresetFile, Step } from './preset-schema.ts';
import { compileText } from './template.ts';
import { KEY_NAMES, REQUEST_NAMES } from './values.ts';

/** One after the other; what stands in one list goes all at once. */
export type Steps = readonly (readonly CompiledStep[])[];

/** A preset, ready to run: every name in it is known, and nothing of it is parsed again. */
export interface Preset {
  readonly about: string;
  readonly settings: PresetFile['settings'];
  readonly tables: PresetFile['tables'];
  readonly auth: CompiledAuth;
  readonly keyForm?: KeyForm;
  readonly limits: LimitReport;
  limitsFor?(asked: Asked, values: Values): LimitReport;
  /** Where the id is ours. */
  readonly id?: Read;
  /** The vendor makes the value, and tells it once. */
  readonly makesKey: boolean;
  /** The key's value is needed after it was made. */
  readonly keepsKey: boolean;
  readonly issue: Steps;
  readonly revoke: Steps;
  readonly retime?: Steps;
  readonly suspend?: Steps;
  readonly resume?: Steps;
  readonly usage?: CompiledRequest & Readonly<Record<'used' | 'remaining' | 'limit' | 'refused', Pointer | undefined>>;
  readonly probe?: CompiledRequest & { readonly held?: { readonly at: Pointer; readonly is: unknown }; readonly empty?: Pointer };
  readonly find?: CompiledListing;
  readonly list?: CompiledListing;
  readonly check: CompiledRequest & { readonly warn: readonly Warning[] };
}

export interface Warning {
  readonly at: Pointer;
  /** Whether what is there is what to warn of. */
  readonly of: (value: unknown) => boolean;
  readonly say: string;
}

/** Reports everything that is wrong with it, at its place; of what was reported the result is not to be used. */
export function compilePreset(file: PresetFile, report: (path: Path, message: string) => void): Preset {
  const always = [
    ...Object.keys(file.settings).map((name) => `settings.${name}`),
    ...Object.keys(file.tables).map((name) => `tables.${name}`),
  ];
  const root: Context = { names: new Set(always), at: [], report };
  const made = new Set([...file.issue.flat(), ...(file.find ? [file.find] : [])].flatMap(({ keep }) => Object.keys(keep)));
  const makesKey = made.has('key');
  const found = [...made].map((name) => (name === 'key' || name === 'id' ? name : `kept.${name}`));
  const own = [...(file.id === undefined ? [] : ['id']), ...found];
  const used = new Set<string>();
  const forKey = { ...knowing(root, ...KEY_NAMES, ...own), use: (name: string) => void used.add(name) };
  const forRequest = knowing(root, ...REQUEST_NAMES, ...own);
  const steps = (name: 'retime' | 'suspend' | 'resume', context: Context) => {
    const entries = file[name];
    return entries && stepsOf(entries, inside(context, name));
  };
  const undo = undoOf(file.issue);
  const preset: Preset = {
    ...compileFixed(file, root),
    makesKey,
    id: file.id === undefined ? undefined : compileText(file.id, inside(knowing(root, 'name'), 'id')),
    issue: stepsOf(file.issue, inside(file.find ? knowing(forRequest, 'found') : forRequest, 'issue')),
    revoke: file.revoke
      ? stepsOf(file.revoke, inside(forKey, 'revoke'))
      : undo.map(({ step, at }) => [compileStep(step, inside(forKey, ...at))]),
    retime: steps('retime', { ...forRequest, use: forKey.use }),
    suspend: steps('suspend', forKey),
    resume: steps('resume', forKey),
    usage: compileUsage(file, forKey),
    probe: compileProbe(file, forKey),
    find: file.find && compileListing(file.find, inside(knowing(root, 'name'), 'find')),
    list: file.list && compileListing(file.list, inside(root, 'list')),
    keepsKey: used.has('key'),
  };
  checkReach(file, preset, report);
  return preset;
}

function compileFixed(file: PresetFile, root: Context) {
  return {
    about: file.about,
    settings: file.settings,
    tables: file.tables,
    auth: compileAuth(file.auth, inside(root, 'auth')),
    keyForm: file.keyForm,
    ...compileLimits(file.limits, inside(root, 'limits')),
    check: { ...compileRequest(file.check, inside(root, 'check')), warn: file.check.warn.map(compileWarning) },
  };
}

function compileWarning({ at, is, isNot, say }: PresetFile['check']['warn'][number]): Warning {
  return { at: pointerTo(at), of: (value) => (is === undefined ? value !== isNot : value === is), say };
}

function stepsOf(entries: readonly (readonly Step[])[], context: Context): Steps {
  return entries.map((group, entry) =>
    group.map((step, index) => compileStep(step, inside(context, entry, ...(group.length > 1 ? ['parallel', index] : [])))),
  );
}

function compileUsage({ usage }: PresetFile, context: Context): Preset['usage'] {
  if (!usage) return undefined;
  const pointer = (at: string | undefined) => (at === undefined ? undefined : pointerTo(at));
  const { used, remaining, limit, refused } = usage;
  return {
    ...compileRequest(usage, inside(context, 'usage')),
    used: pointer(used),
    remaining: pointer(remaining),
    limit: pointer(limit),
    refused: pointer(refused),
  };
}

function compileProbe({ probe }: PresetFile, context: Context): Preset['probe'] {
  if (!probe) return undefined;
  const held = probe.held && { at: pointerTo(probe.held.at), is: probe.held.is };
  const empty = probe.empty === undefined ? undefined : pointerTo(probe.empty);
  return { ...compileRequest(probe, inside(context, 'probe')), ...(held && { held }), ...(empty && { empty }) };
}
