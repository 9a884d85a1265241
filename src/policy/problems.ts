export type Path = readonly (string | number)[];

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where a path of the configuration stands in its file; undefined for what came from the environment. */
export type Locate = (path: Path) => Position | undefined;

/** Something wrong in the configuration, for the person who wrote it. No value of a secret is in it. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Like `plans[0].quota.max`. */
  readonly path: string;
  readonly message: string;
  /** What would be right. */
  readonly fix: string;
}

export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly fix: string;
  readonly severity?: Problem['severity'];
  /** Another file that it is in, and the line there. */
  readonly file?: string;
  readonly line?: number;
  /** Not told where something below that is told: it is the same mistake. */
  readonly unless?: Path;
}

export type Report = (finding: Finding) => void;

/** Turns findings into problems of a file. `mask` takes out what came from the environment. */
export function problemAt(file: string, locate: Locate, mask: (text: string) => string = (text) => text) {
  return ({ path, message, fix, severity = 'error', ...other }: Finding): Problem => ({
    severity,
    file: other.file ?? file,
    ...(other.file === undefined ? locate(path) : other.line !== undefined && { line: other.line, column: 1 }),
    path: formatPath(path),
    message: mask(message),
    fix: mask(fix),
  });
}

/** Without what another finding tells already. */
export function toldOnce(findings: readonly Finding[]): readonly Finding[] {
  const isBelow = (path: Path, above: Path) => above.every((part, index) => path[index] === part);
  return findings.filter(({ unless }) => !unless || !findings.some(({ path }) => isBelow(path, unless)));
}

/** One line, as compilers write it: `config/latchkey.yaml:12:5 plans[0].provider names no provider; did you mean "local"?` */
export function formatProblem(problem: Problem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const warning = problem.severity === 'warning' ? 'warning: ' : '';
  return `${place} ${warning}${problem.path === '' ? '' : `${problem.path} `}${problem.message}; ${problem.fix}`;
}

/** By line, then column; what has no line comes last. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const rank = (problem: Problem) => (problem.line ?? Infinity) * 1e6 + (problem.column ?? 0);
  return problems.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

export function formatPath(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}
