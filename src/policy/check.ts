import type { Source } from '../reservation/source.ts';
import type { Secret } from '../secret/secret.ts';
import type { Path, Report } from './problems.ts';
import { suggest } from '../reservation/suggest.ts';

/** What the file has named, also where the entry itself is wrong: so one mistake is told once. */
export interface Names {
  readonly projects: readonly string[];
  readonly sources: readonly string[];
  readonly providers: readonly string[];
  /** Of all projects. */
  readonly scopes: readonly string[];
  scopesOf(project: string): readonly string[];
}

/** Of a source or a plan. */
export function checkOwner(project: string, path: Path, { projects }: Names, report: Report): void {
  if (projects.includes(project)) return;
  report({ path: [...path, 'project'], message: `names no project: "${project}"`, fix: suggest(project, projects) });
}

/** A source must sign: without a secret anybody could book keys. */
export function checkSource(source: Source, insecure: boolean, report: Report): void {
  if (source.secrets.length > 0) return;
  report({
    path: ['sources', source.name],
    message: 'has no secret: anybody could send it bookings',
    fix:
      source.name === 'default'
        ? 'set WEBHOOK_SECRET, or LATCHKEY_INSECURE=1 to try things out'
        : 'give secrets: ["${NAME}"] and set that variable, or LATCHKEY_INSECURE=1 to try things out',
    severity: insecure ? 'warning' : 'error',
    unless: ['sources', source.name, 'secrets'],
  });
}

export interface SecretForm {
  readonly fits: (secret: Secret) => boolean;
  readonly words: string;
}

/** Whoever asks whether a booking would be granted must be able to tell a yes from every other answer. */
export function checkAnswers({ name, answers, mapping }: Source, report: Report): void {
  if (!mapping.questions) return;
  const others = (['refused', 'quarantined'] as const).filter((outcome) => answers[outcome] === answers.granted);
  for (const outcome of others)
    report({
      path: ['sources', name, 'answers', outcome],
      message: `is answered as granted is (${answers.granted}): whoever asks would take it for a yes`,
      fix: 'write another status',
    });
}

/** A secret that cannot verify would refuse every event, and nobody would know why. */
export function checkSecrets(source: Source, form: SecretForm | undefined, report: Report): void {
  if (!form) return;
  for (const [index, { secret }] of source.secrets.entries()) {
    if (form.fits(secret)) continue;
    report({
      path: ['sources', source.name, 'secrets', index],
      message: 'is no secret for its way of signing',
      fix: `give ${form.words}`,
    });
  }
}

/** Sources are many, so one that can sign no more does not stop the others. */
export function checkEnds({ name, secrets }: Source, now: Date, report: Report): void {
  if (secrets.length === 0 || secrets.some(({ notAfter }) => !notAfter || notAfter > now)) return;
  report({
    path: ['sources', name, 'secrets'],
    message: 'have all ended: every event of this source is refused',
    fix: 'add the secret that it signs with now, or give a later notAfter',
    severity: 'warning',
  });
}
