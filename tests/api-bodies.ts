import { mintKey } from '../src/keys/key.ts';

/** A good body for every route that takes one. */
export const GOOD: Record<string, unknown> = {
  revokeLease: { reason: 'leak' },
  rotateLease: { overlap: '1h' },
  retimeLease: { endsAt: '2026-01-01T12:00:00Z' },
  suspendLease: { reason: 'broken door' },
  closeDebt: { reason: 'gateway is gone' },
  startRotation: { overlap: '0', reason: 'yearly', dryRun: true },
  putDirectKey: {
    name: 'lk-0001-1',
    key: mintKey('temp').reveal(),
    lease: 'lse_0001',
    holder: 'ada',
    scopes: ['read'],
    methods: ['GET'],
    endpoints: ['/api/**'],
    opensAt: '2026-01-01T09:00:00Z',
    closesAt: '2026-01-01T12:00:00Z',
  },
  topUpBudget: { amount: 1, reason: 'asked for' },
  freezeBudget: { reason: 'asked for' },
  unfreezeBudget: { reason: 'asked for' },
  createHook: { url: 'https://hooks.example.org/x' },
  createOperator: { name: 'grace', role: 'viewer' },
  putScope: { methods: ['GET'] },
  importScopes: { scopes: [] },
  scopesFromOpenApi: { document: { openapi: '3.1.0', paths: {} }, dryRun: true },
};
