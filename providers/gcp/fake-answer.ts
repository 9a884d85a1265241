/* What Google's REST APIs answer, in shape. */

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const HTTP = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
} as const;
const GRPC: Partial<Record<keyof typeof HTTP, number>> = { ALREADY_EXISTS: 6, FAILED_PRECONDITION: 9 };

export type Status = keyof typeof HTTP;

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** With the reason of a google.rpc.ErrorInfo, where Google gives one. */
export function refusal(status: Status, reason?: string): Answer {
  const code = HTTP[status];
  const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com', metadata: {} };
  return { status: code, body: { error: { code, message: 'No.', status, ...(reason && { details: [info] }) } } };
}

/** How an operation fails: with a number of gRPC. */
export const failed = (status: Status) => ({ code: GRPC[status] ?? 2, message: 'No.' });

/** A page of a listing. The token is where the next one begins. */
export function pageOf<T>(items: readonly T[], query: URLSearchParams, longest: number): { page: T[]; nextPageToken?: string } {
  const from = Number(query.get('pageToken') || 0);
  const to = from + Math.min(Number(query.get('pageSize')) || longest, longest);
  return { page: items.slice(from, to), ...(to < items.length && { nextPageToken: String(to) }) };
}
