import { compile, tokenize } from '@jmespath-community/jmespath';

/** Where an expression stops making sense: the parser does not say. Of a text that is no expression. */
export function positionOf(text: string): string {
  let starts: readonly number[];
  try {
    starts = tokenize(text).map(({ start }) => start);
  } catch (error) {
    return (error as Error).message.slice(0, 200);
  }
  // The shortest beginning that nothing can follow.
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? text.length;
    if (isBeginning(text.slice(0, end))) continue;
    return `${JSON.stringify(text.slice(start, end).trim().slice(0, 30))} at character ${start + 1} does not fit there`;
  }
  return 'it ends too early';
}

function isBeginning(text: string): boolean {
  try {
    compile(text);
    return true;
  } catch (error) {
    const { message, name } = error as Error;
    // The parser runs over the end of some.
    return name === 'TypeError' || /\bEOF\b/.test(message);
  }
}
