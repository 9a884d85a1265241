import type { IncomingHttpHeaders } from 'node:http';
/** What of a request says which key it comes with. */
export interface WithHeaders {
    readonly headers: IncomingHttpHeaders;
    readonly rawHeaders: readonly string[];
}
export type Presented = {
    readonly key: string;
} | {
    readonly problem: 'Missing API Key' | 'No token provided' | 'More than one API key';
};
/** The key in X-API-Key or Authorization: Bearer. More than one of a kind, or two different keys, is a problem and never a choice of ours. */
export declare function keyOf({ headers, rawHeaders }: WithHeaders): Presented;
