import type { Preset, Steps } from './compile.ts';
import type { Path } from './expression.ts';
import type { PresetFile, Step } from './preset-schema.ts';

/** The law behind a preset: what it makes it can take away, also when all that is left is a name. Reports where it could not. */
export function checkReach(file: PresetFile, preset: Preset, report: (path: Path, message: string) => void): void {
  const undone = file.issue.flat().some(({ undo }) => undo);
  if (file.revoke && undone) report(['revoke'], 'say either what undoes each step, or revoke');
  if (!file.revoke && !undone) report([], 'nothing takes a key away: write revoke, or undo in the steps of issue');
  const lost = needsOf(preset.revoke).filter((name) => !isKnownFromTheStart(name, file, preset));
  const finds = new Set(
    Object.keys(file.find?.keep ?? {}).map((name) => (name === 'id' || name === 'key' ? name : `kept.${name}`)),
  );
  for (const name of lost.filter((one) => !finds.has(one)))
    report(
      ['revoke'],
      `needs ${name}, which a lost answer would have told: say in find how a key of our name is found, and keep it there`,
    );
  if (preset.makesKey && file.keyForm) report(['keyForm'], 'is for values of ours, and here the vendor makes them');
  if (file.id !== undefined && file.issue.flat().some(({ keep }) => 'id' in keep))
    report(['id'], 'is made by us here and kept from an answer in issue: it can be only one of them');
  checkMeanings(file, report);
}

export const needsOf = (steps: Steps): string[] => [...new Set(steps.flat().flatMap(({ needs }) => needs))];

function isKnownFromTheStart(name: string, file: PresetFile, preset: Preset): boolean {
  return (name === 'key' && !preset.makesKey) || (name === 'id' && file.id !== undefined);
}

function checkMeanings(file: PresetFile, report: (path: Path, message: string) => void): void {
  for (const [index, step] of file.issue.entries())
    if (step.some(({ gone }) => gone)) report(['issue', index, 'gone'], 'means nothing while a key is made');
  const later: [string, readonly Partial<Step>[]][] = [
    ...(['revoke', 'retime', 'suspend', 'resume'] as const).map((name): [string, Step[]] => [name, (file[name] ?? []).flat()]),
    ...(['usage', 'probe', 'find', 'list', 'check'] as const).map((name): [string, Partial<Step>[]] => [
      name,
      file[name] ? [file[name]] : [],
    ]),
  ];
  for (const [name, steps] of later)
    if (steps.some(({ exists, repeated }) => exists ?? repeated))
      report([name], 'exists and repeated mean something only in issue');
  if (file.probe && !file.probe.gone && file.probe.empty === undefined)
    report(['probe'], 'say in gone which status proves that a key is not there, or in empty which list');
}
