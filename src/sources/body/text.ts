export type DecodedText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

/** Strict UTF-8 without what a database cannot hold. A byte order mark is left out: it says nothing. */
export function decodeText(bytes: Buffer): DecodedText {
  try {
    return checkedText(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, problem: 'not valid UTF-8' };
  }
}

export function checkedText(text: string): DecodedText {
  if (text.includes('\0') || !text.isWellFormed()) return { ok: false, problem: 'a text contains NUL or half a surrogate pair' };
  return { ok: true, text };
}
