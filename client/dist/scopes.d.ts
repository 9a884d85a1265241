/** Whether one of the scopes that a key holds, by name or by a wildcard such as `shop:pets:*` or `*`, is this one. */
export declare function holds(held: readonly string[], wanted: string): boolean;
