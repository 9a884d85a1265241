import type { ScopeChangesAnswer, ScopesOfDocumentAnswer } from './answers.ts';
import { plain } from './output.ts';
import { table } from './table.ts';

/** What a list of scopes changes, for people. */
export function changesText({ applied, added, changed, removed, unchanged }: ScopeChangesAnswer): string {
  const rows = [
    ...added.map((scope) => ({ what: 'new', scope })),
    ...changed.map(({ after }) => ({ what: 'changed', scope: after })),
    ...removed.map((scope) => ({ what: 'removed', scope })),
  ];
  const text = table(rows, [
    { title: '', of: ({ what }) => what },
    { title: 'SCOPE', of: ({ scope }) => scope.name, whole: true },
    { title: 'METHODS', of: ({ scope }) => scope.methods.join(' '), whole: true },
    { title: 'ENDPOINTS', of: ({ scope }) => scope.endpoints?.join(' ') ?? '' },
  ]);
  const total = `${added.length} new, ${changed.length} changed, ${removed.length} removed, ${unchanged} as they were`;
  return [text, `${applied ? 'Done: ' : ''}${total}.`].filter(Boolean).join('\n');
}

/** What somebody should look at before it is applied. */
export function doubtsText({ leftOut, collisions, wider }: ScopesOfDocumentAnswer): string {
  return [
    ...leftOut.map(({ operation, why }) => `no scope: ${plain(operation)}: ${plain(why)}`),
    ...collisions.map(({ name, from }) => `one name: ${plain(name)} of ${plain(from.join(', '))}`),
    ...wider.map(({ name, opens }) => `opens more: ${plain(name)} also ${plain(opens.join(', '))}`),
  ].join('\n');
}
