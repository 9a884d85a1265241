import type { DriverDefinition } from '../providers/driver.ts';
import type { Policy } from './reservation/policy.ts';
import { readDocument, type ConfigDocument } from './policy/document.ts';
import { createExpander } from './policy/expand.ts';
import { inOrder, problemAt, type Finding, type Locate, type Problem, type Report } from './policy/problems.ts';
import { readPolicy } from './policy/sections.ts';
import type { Environment } from './settings/lookup.ts';
import type { Secret } from './secret/secret.ts';
import type { Settings } from './settings.ts';

/** A kind of booking system, as far as the configuration is concerned. */
export interface KnownPreset {
  readonly id: string;
  readonly secretForm?: { readonly fits: (secret: Secret) => boolean; readonly words: string };
}

export interface PolicyInput {
  /** Empty when there is no file. */
  readonly text: string;
  /** For messages. */
  readonly file: string;
  readonly env: Environment;
  readonly settings: Settings;
  readonly drivers: readonly DriverDefinition[];
  /** The systems that intake knows. */
  readonly presets: readonly KnownPreset[];
  readonly now: Date;
}

export type PolicyResult =
  | { readonly ok: true; readonly policy: Policy; readonly lineOf: Locate; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads the configuration. A section that is left out comes from the environment. Nothing is guessed: every problem is told at once, with
 * its line and what would be right.
 */
export function loadPolicy(input: PolicyInput): PolicyResult {
  const { file } = input;
  const document = readDocument(input.text);
  if (document.errors.length > 0) return { ok: false, problems: document.errors.map((error) => brokenYaml(file, error)) };
  const expander = createExpander(input.env, input.settings);
  const findings: Finding[] = [];
  const report: Report = (finding) => findings.push(finding);
  document.rewrite(expander.expand, report);
  const policy = readPolicy(valueOf(document, report), input, report);
  const problems = inOrder(findings.map(problemAt(file, document.locate, expander.mask)));
  if (problems.some((problem) => problem.severity === 'error')) return { ok: false, problems };
  return { ok: true, policy, lineOf: document.locate, warnings: problems };
}

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
