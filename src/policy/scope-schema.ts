import { z } from 'zod';
import { isPathPattern } from '../reservation/patterns.ts';
import { METHODS } from '../reservation/plan.ts';
import { isScopeName } from '../reservation/scopes.ts';

export const endpoint = z.string().refine(isPathPattern, {
  params: { fix: 'write a path such as /api/v1/** (one * is one segment, ** any number)' },
  error: 'is not a path',
});

export const scopeName = z
  .string()
  .refine(isScopeName, 'write up to 128 letters, digits and . _ : -, such as read or akm:projects:read');

export const ScopeEntry = z
  .strictObject({
    methods: z.array(z.enum(METHODS)).min(1),
    endpoints: z.array(endpoint).min(1).optional().meta({ description: 'The only paths its methods are for. Without it all.' }),
    description: z.string().optional(),
  })
  .meta({ description: 'The HTTP methods a scope allows, and where.' });
