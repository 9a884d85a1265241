import { spend, type Budget } from './budget.ts';
import { isTrue, step, type Run, type Step } from './run.ts';
import type { Build } from './steps.ts';
import type { Node } from './syntax.ts';

/** The steps of an expression that go through lists. */

export const LIST_STEPS: Readonly<Record<string, Build>> = {
  Index: ({ value: index }) => step((value) => (Array.isArray(value) ? (value.at(index as number) ?? null) : null)),
  Slice: (node) => step((value, { budget }) => slice(value, node, budget)),
  Flatten: ({ child }, inner) => {
    const list = inner(child);
    return step((value, run) => flatten(list(value, run), run.budget));
  },
  Projection: ({ left, right }, inner) => {
    const [list, then] = [inner(left), inner(right)];
    const ofText = isSlice(left as Node);
    return step((value, run) => {
      const base = list(value, run);
      // A slice of a text is one text.
      if (ofText && typeof base === 'string') return then(base, run);
      return Array.isArray(base) ? collect(base, then, run) : null;
    });
  },
  FilterProjection: ({ left, right, condition }, inner) => {
    const [list, then, asked] = [inner(left), inner(right), inner(condition)];
    return step((value, run) => {
      const base = list(value, run);
      if (!Array.isArray(base)) return null;
      return collect(
        base.filter((element) => isTrue(asked(element, run))),
        then,
        run,
      );
    });
  },
  ValueProjection: ({ left, right }, inner) => {
    const [members, then] = [inner(left), inner(right)];
    return step((value, run) => {
      const base = members(value, run);
      if (typeof base !== 'object' || base === null || Array.isArray(base)) return null;
      const values = Object.values(base);
      spend(run.budget, values.length);
      return collect(values, then, run);
    });
  },
};

function collect(elements: readonly unknown[], then: Step, run: Run): unknown[] {
  const collected: unknown[] = [];
  for (const element of elements) {
    spend(run.budget, 1);
    const result = then(element, run);
    if (result !== null) collected.push(result);
  }
  return collected;
}

function flatten(list: unknown, budget: Budget): unknown[] | null {
  if (!Array.isArray(list)) return null;
  // Many elements may be the same long list.
  for (const element of list as unknown[]) spend(budget, Array.isArray(element) ? 1 + element.length : 1);
  return list.flat();
}

function isSlice({ type, right }: Node): boolean {
  return type === 'IndexExpression' && (right as Node).type === 'Slice';
}

function slice(value: unknown, node: Node, budget: Budget): unknown {
  if (!Array.isArray(value) && typeof value !== 'string') return null;
  spend(budget, value.length);
  const elements: readonly unknown[] = typeof value === 'string' ? Array.from(value) : value;
  const picked = pick(elements, node as unknown as SliceNode);
  return typeof value === 'string' ? picked.join('') : picked;
}

interface SliceNode {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number | null;
}

/** As Python slices. */
function pick(elements: readonly unknown[], { start, stop, step: by }: SliceNode): unknown[] {
  const { length } = elements;
  const stride = by ?? 1;
  const [lowest, highest] = stride > 0 ? [0, length] : [-1, length - 1];
  const bound = (index: number) => Math.min(Math.max(index < 0 ? index + length : index, lowest), highest);
  const from = start === null ? (stride > 0 ? lowest : highest) : bound(start);
  const to = stop === null ? (stride > 0 ? highest : lowest) : bound(stop);
  const picked: unknown[] = [];
  for (let index = from; stride > 0 ? index < to : index > to; index += stride) picked.push(elements[index]);
  return picked;
}
