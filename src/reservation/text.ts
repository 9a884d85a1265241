/** One line, without control characters, never cutting a character in two. */
export function clip(text: string, limit: number): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ').trim();
  if (line.length <= limit) return line;
  return `${line.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/u, '')}…`;
}

/** A foreign word inside a sentence of ours. */
export function quoted(word: string): string {
  return `"${clip(word, LONGEST_WORD)}"`;
}

const LONGEST_WORD = 60;
