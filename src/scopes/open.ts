import type { Ledger } from '../ledger/database.ts';
import { createScopeBook, type ScopeBook, type ScopeBookOptions } from './book.ts';
import { createScopeCatalogue, type ScopeCatalogue, type ScopeCatalogueOptions } from './catalogue.ts';

export type Scopes = Omit<ScopeBook, 'open' | 'refresh'> & ScopeCatalogue;

/** The scopes of all projects, read and kept up to date on this node. */
export async function openScopes(
  options: Omit<ScopeBookOptions, 'ledger'> & Omit<ScopeCatalogueOptions, 'book'> & { readonly ledger: Ledger },
): Promise<Scopes> {
  const book = createScopeBook(options);
  await book.open();
  return { ...book, ...createScopeCatalogue({ ...options, book }) };
}
