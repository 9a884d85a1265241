/** Regular expressions of a configuration that meet headers of anybody: only those that read a text once, from left to right. */

const LONGEST = 500;
/** An atom (a class, an escape, a dot, a character), how often it may come, or the begin or end of a named group. */
const TOKEN =
  /(?<open>\(\?<(?<name>\w+)>|\(\?:)|(?<close>\))|(?<atom>\[(?:\\.|[^\]\\])+\]|\\[dDwWsS^$\\.*+?()[\]{}|/=,:;-]|\.|[^\\()[\]{}|*+?^$])(?<times>\*|\+|\?|\{\d{1,3}(?:,\d{0,3})?\})?/uy;

interface Atom {
  readonly source: string;
  readonly least: number;
  readonly varies: boolean;
}

/**
 * Anchored at both ends. Whatever may repeat must be followed by something that it does not match itself: then a text is read in one
 * way or not at all, in time that grows with its length. Throws an Error for any other expression.
 */
export function compilePattern(text: string): { readonly pattern: RegExp; readonly names: readonly string[] } {
  if (text.length > LONGEST) throw new Error(`is longer than ${LONGEST} characters; prefer format`);
  const bare = text.replace(/^\^/u, '').replace(/(?<!\\)\$$/u, '');
  const { atoms, names } = read(bare);
  for (const [index, atom] of atoms.entries()) {
    if (atom.varies && followers(atoms, index).some((next) => overlap(atom, next)))
      throw new Error(
        `could be made slow: ${atom.source} is repeated and followed by something that it matches too; prefer format`,
      );
  }
  return { pattern: new RegExp(`^(?:${bare})$`, 'u'), names };
}

function read(text: string): { atoms: Atom[]; names: string[] } {
  const [atoms, names]: [Atom[], string[]] = [[], []];
  const token = new RegExp(TOKEN);
  let open = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const groups = token.exec(text)?.groups;
    if (!groups) throw new Error(notAllowed(text.slice(at, at + 10)));
    if (groups['open']) open += 1;
    if (groups['close']) open -= 1;
    if (groups['name']) names.push(groups['name']);
    if (open < 0 || open > 1) throw new Error(notAllowed('groups in groups'));
    if (groups['atom']) atoms.push(atomOf(groups['atom'], groups['times']));
  }
  if (open !== 0) throw new Error('is no regular expression: a bracket is not closed');
  return { atoms, names };
}

function notAllowed(what: string): string {
  return `may not hold ${what}: allowed are characters, classes, repetitions of one of them, and named groups; prefer format`;
}

function atomOf(source: string, times: string | undefined): Atom {
  compiled(source);
  if (times === undefined) return { source, least: 1, varies: false };
  const [least = '', most = least] = times.startsWith('{') ? times.slice(1, -1).split(',') : [times === '+' ? '1' : '0', ''];
  return { source, least: Number(least), varies: least !== most };
}

/** What may stand directly behind. */
function followers(atoms: readonly Atom[], index: number): readonly Atom[] {
  const rest = atoms.slice(index + 1);
  const needed = rest.findIndex(({ least }) => least > 0);
  return needed === -1 ? rest : rest.slice(0, needed + 1);
}

/** Header values are made of these. */
const CHARACTERS = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

function overlap(a: Atom, b: Atom): boolean {
  const [one, other] = [compiled(a.source), compiled(b.source)];
  return CHARACTERS.some((character) => one.test(character) && other.test(character));
}

function compiled(atom: string): RegExp {
  try {
    return new RegExp(`^${atom}$`, 'u');
  } catch (error) {
    throw new Error(`is no regular expression at ${atom}`, { cause: error });
  }
}
