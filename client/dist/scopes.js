/** Whether one of the scopes that a key holds, by name or by a wildcard such as `shop:pets:*` or `*`, is this one. */
export function holds(held, wanted) {
    return held.some((scope) => scope === wanted || ((scope === '*' || scope.endsWith(':*')) && isBelow(scope.slice(0, -1), wanted)));
}
function isBelow(beginning, wanted) {
    return wanted.length > beginning.length && wanted.startsWith(beginning);
}
