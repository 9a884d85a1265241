/** A good body for every route that takes one. */
export const GOOD: Record<string, unknown> = {
  revokeLease: { reason: 'leak' },
  rotateLease: { overlap: '1h' },
  retimeLease: { endsAt: '2026-01-01T12:00:00Z' },
  suspendLease: { reason: 'broken door' },
  closeDebt: { reason: 'gateway is gone' },
  startRotation: { overlap: '0', reason: 'yearly', dryRun: true },
  topUpBudget: { amount: 5, reason: 'more' },
  freezeBudget: { reason: 'broken door' },
  unfreezeBudget: { reason: 'mended' },
  createHook: { url: 'https://hooks.example.org/x' },
  createOperator: { name: 'grace', role: 'viewer' },
  putScope: { methods: ['GET'] },
  importScopes: { scopes: [] },
  scopesFromOpenApi: { document: { openapi: '3.1.0', paths: {} }, dryRun: true },
};
