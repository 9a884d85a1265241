import type { DriverDefinition } from '../providers/driver.ts';
import type { Policy } from './reservation/policy.ts';
import { readDocument, type ConfigDocument } from './policy/document.ts';
import { createExpander } from './policy/expand.ts';
import { inOrder, problemAt, toldOnce, type Finding, type Locate, type Problem, type Report } from './policy/problems.ts';
import type { ReadFile } from './policy/roster.ts';
import { readPolicy, type ReadablePolicy } from './policy/sections.ts';
import type { Environment } from './settings/lookup.ts';
import type { Settings } from './settings.ts';

/** A booking system that the configuration may name: the entry of a source that it stands for. */
export interface KnownPreset {
  readonly id: string;
  entry(): Readonly<Record<string, unknown>>;
}

export interface PolicyInput {
  /** Empty when there is no file. */
  readonly text: string;
  /** For messages. */
  readonly file: string;
  readonly env: Environment;
  readonly settings: Settings;
  readonly drivers: readonly DriverDefinition[];
  /** The systems that we ship a description of. */
  readonly presets: readonly KnownPreset[];
  readonly now: Date;
  /** For files that it names; without it none can be read. */
  readonly readFile?: ReadFile;
}

export type PolicyResult = (
  | { readonly ok: true; readonly policy: Policy; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }
) & { readonly readable: ReadablePolicy; readonly lineOf: Locate };

/**
 * Reads the configuration. A section that is left out comes from the environment. Nothing is guessed: every problem is told at once, with
 * its line and what would be right.
 */
export function loadPolicy(input: PolicyInput): PolicyResult {
  const { file } = input;
  const document = readDocument(input.text);
  const lineOf = document.locate;
  if (document.errors.length > 0)
    return { ok: false, problems: document.errors.map((error) => brokenYaml(file, error)), readable: NOTHING, lineOf };
  const expander = createExpander(input.env, input.settings);
  const findings: Finding[] = [];
  const report: Report = (finding) => findings.push(finding);
  document.rewrite(expander.expand, report);
  const readable = readPolicy(valueOf(document, report), input, report);
  const problems = inOrder(toldOnce(findings).map(problemAt(file, lineOf, expander.mask)));
  if (problems.some((problem) => problem.severity === 'error')) return { ok: false, problems, readable, lineOf };
  const policy = { ...readable, plans: readable.plans.filter((plan) => plan !== undefined) };
  return { ok: true, policy, warnings: problems, readable, lineOf };
}

const NOTHING: ReadablePolicy = {
  projects: {},
  sources: {},
  providers: {},
  scopes: {},
  plans: [],
  scopesOf: () => ({}),
  projectOf: () => undefined,
  tokens: { algorithm: 'EdDSA', issuer: '', rotateEveryMs: 0 },
};

function valueOf(document: ConfigDocument, report: Report): unknown {
  try {
    return document.value();
  } catch (error) {
    // An alias that leads nowhere, or to more than a configuration can be.
    report({ path: [], message: `cannot be read: ${(error as Error).message}`, fix: 'write the value out instead of the alias' });
    return undefined;
  }
}

function brokenYaml(file: string, error: { position: { line: number; column: number }; message: string }): Problem {
  return {
    severity: 'error',
    file,
    ...error.position,
    path: '',
    message: `is not YAML: ${error.message}`,
    fix: 'correct this line',
  };
}
