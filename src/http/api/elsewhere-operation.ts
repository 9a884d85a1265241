import type { z } from 'zod';

/** An operation that is served elsewhere than under /api/v1, described by hand. */
export interface Elsewhere {
  readonly id: string;
  readonly tag: string;
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Operators' tokens are taken, next to other ways in. */
  readonly token?: true;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly headers?: z.ZodType;
  readonly body?: { readonly type: string; readonly schema: z.ZodType };
  readonly responses: Readonly<Record<number, Told>>;
}

/** JSON unless a type says otherwise; a problem document unless a schema is given. */
interface Told {
  readonly means: string;
  readonly type?: string;
  readonly schema?: z.ZodType;
  /** What this may be besides, as a problem document. */
  readonly orProblem?: string;
}
