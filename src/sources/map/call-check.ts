import { suggest } from '../../reservation/suggest.ts';
import { ALLOWED, FUNCTIONS } from './functions.ts';
import { wrongCount } from './signature.ts';
import type { Node } from './syntax.ts';
import { isUnit, isZone } from './time.ts';

/** Throws an Error for a call that would fail for any document. */
export function checkCall({ name = '', children }: Node, hasZone: boolean): void {
  const callable = FUNCTIONS[name];
  if (!callable) throw new Error(`${name}() is not a function here; ${suggest(name, [...ALLOWED].sort())}`);
  const given = children as readonly Node[];
  const wrong = wrongCount(callable, given.length);
  if (wrong) throw new Error(`${name}() ${wrong}`);
  for (const [index, { kinds }] of callable.takes.entries()) {
    // What a document says must never be taken for an expression.
    if (kinds.includes('expression') !== (given[index]?.type === 'ExpressionReference'))
      throw new Error(
        `${name}() takes ${kinds.includes('expression') ? 'an expression, such as &name,' : 'no expression'} as its argument ${index + 1}`,
      );
  }
  if (!hasZone && given.length <= (callable.zoneUpTo ?? -1))
    throw new Error(`${name}() needs a zone here: add it, or give the source a timezone`);
  checkLiterals(name, callable.zoneUpTo, given);
}

function checkLiterals(name: string, zoneAt: number | undefined, given: readonly Node[]): void {
  const zone = zoneAt === undefined ? undefined : given[zoneAt];
  if (zone?.type === 'Literal' && (typeof zone.value !== 'string' || !isZone(zone.value)))
    throw new Error(`${name}() names no time zone: ${JSON.stringify(zone.value)}; write one such as Europe/Rome`);
  const unit = name === 'epoch' ? given[1] : undefined;
  if (unit?.type === 'Literal' && !isUnit(unit.value)) throw new Error('the unit of epoch() is s or ms');
}
