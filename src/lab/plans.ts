import type { Resource } from '../reservation/event.ts';
import { globMatches } from '../reservation/patterns.ts';
import type { Catalogue, Plan } from '../reservation/plan.ts';
import { quoted } from '../reservation/text.ts';

/** How a plan was judged for a booking. */
export interface PlanFinding {
  readonly plan: string;
  readonly matches: boolean;
  /** The globs that matched, or those that did not; for people. */
  readonly why: readonly string[];
}

/** Every plan up to the first that matches, as `matchPlan` takes them; all of them where none does. */
export function judgePlans({ plans, projectOf }: Catalogue, source: string, resource: Resource): readonly PlanFinding[] {
  const judged = plans.map((plan) => judge(plan, { source, project: projectOf(source), resource }));
  const first = judged.findIndex(({ matches }) => matches);
  return first === -1 ? judged : judged.slice(0, first + 1);
}

interface Booked {
  readonly source: string;
  readonly project: string | undefined;
  readonly resource: Resource;
}

function judge({ name, project, match }: Plan, booked: Booked): PlanFinding {
  const { source, resource } = booked;
  const asked = [
    project === booked.project ? undefined : no(`it is of project ${project}, the source of ${booked.project ?? 'none'}`),
    globbed('source', match.source, [source]),
    globbed('resource', match.resource, [resource.name, resource.id]),
    globbed('resourceType', match.resourceType, [resource.type]),
  ].filter((one) => one !== undefined);
  const wrong = asked.filter(({ matches }) => !matches);
  const telling = wrong.length > 0 ? wrong : asked;
  return {
    plan: name,
    matches: wrong.length === 0,
    why: telling.length > 0 ? telling.map(({ why }) => why) : ['it matches everything'],
  };
}

interface Judged {
  readonly matches: boolean;
  readonly why: string;
}

function globbed(what: string, glob: string | undefined, texts: readonly string[]): Judged | undefined {
  if (glob === undefined) return undefined;
  const matching = texts.find((text) => globMatches(glob, text));
  if (matching !== undefined) return { matches: true, why: `${what} ${quoted(glob)} matches ${quoted(matching)}` };
  const all = [...new Set(texts)].map(quoted).join(' nor ');
  return no(`${what} ${quoted(glob)} does not match ${all}`);
}

function no(why: string): Judged {
  return { matches: false, why };
}
