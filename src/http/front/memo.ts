/** More callers than a service has, and less than a megabyte. */
const MOST = 5000;

/** Remembers the answers for the texts that come again and again. Forgets all of them when there are too many. */
export function createMemo(answer: (text: string) => boolean): (text: string) => boolean {
  const answers = new Map<string, boolean>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    if (answers.size >= MOST) answers.clear();
    const made = answer(text);
    // A long text is none that comes again.
    if (text.length <= 64) answers.set(text, made);
    return made;
  };
}
