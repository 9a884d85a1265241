/** Written instants: ends and resets come again with every request. */
const written = new Map<number, string>();
const MOST = 2000;

/** RFC 3339, as JSON has it. To write one costs more than to look it up. */
export function instantText(instant: Date): string {
  const at = instant.getTime();
  let text = written.get(at);
  if (text !== undefined) return text;
  if (written.size >= MOST) written.clear();
  written.set(at, (text = instant.toISOString()));
  return text;
}
