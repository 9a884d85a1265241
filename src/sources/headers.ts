/** Headers as Node received them: names and values in turn, so that one that came twice is seen as two. */

export type Header = { readonly is: 'there'; readonly value: string } | { readonly is: 'absent' } | { readonly is: 'repeated' };

/** By its name in lower case. A header that decides must come once: with two, we and a proxy before us could believe different ones. */
export function soleHeader(rawHeaders: readonly string[], name: string): Header {
  const values = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name);
  if (values.length > 1) return { is: 'repeated' };
  return values[0] === undefined ? { is: 'absent' } : { is: 'there', value: values[0] };
}

/** Likewise by its name in any case, with the reason why there is none. */
export function readHeader(
  rawHeaders: readonly string[],
  name: string,
): { readonly value: string } | { readonly reason: string } {
  const header = soleHeader(rawHeaders, name.toLowerCase());
  if (header.is === 'there') return header;
  return { reason: header.is === 'absent' ? `there is no ${name} header` : `there is more than one ${name} header` };
}
