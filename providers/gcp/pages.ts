/** What Google's clients answer to a listing when they do not go through the pages by themselves, which they would do past our pace. */
export type Page<T> = readonly [T[], { readonly pageToken?: string | null | undefined } | null | undefined, ...unknown[]];

/** Everything on all pages, each page asked for when it is needed. */
export async function* itemsOf<T>(page: (token: string) => Promise<Page<T>>): AsyncGenerator<T> {
  for (let token: string | undefined = ''; token !== undefined;) {
    const [items, next]: Page<T> = await page(token);
    yield* items;
    token = next?.pageToken || undefined;
  }
}
