import { fieldOf, isRecord, type Json } from './openapi-document.ts';

const MOST_SERVERS = 10;

/**
 * The base paths of an operation's servers, without repeats: its own servers, else its path's, else the document's (OpenAPI 3.1, 4.8.10),
 * `/` where none is named; Swagger 2 has one `basePath`. Empty when none of the addresses can be read.
 */
export function basesOf(root: Json, item: Json, operation: Json): string[] {
  if (root['swagger'] !== undefined) return [typeof root['basePath'] === 'string' ? root['basePath'] : '/'];
  const servers = [operation, item, root].map((each) => each['servers']).find((each) => Array.isArray(each) && each.length > 0);
  if (!Array.isArray(servers)) return ['/'];
  const paths = servers.slice(0, MOST_SERVERS).map(pathOf);
  return [...new Set(paths.filter((path) => path !== undefined))];
}

/** Only the path of the address: which host a gateway stands for is no matter of a scope. */
function pathOf(server: unknown): string | undefined {
  const url = fieldOf(server, 'url');
  if (typeof url !== 'string' || url.length > 500) return undefined;
  const variables = fieldOf(server, 'variables');
  const filled = url.replace(/\{([^{}]*)\}/g, (whole, name: string) => {
    const variable = fieldOf(variables, name);
    const value = isRecord(variable) ? variable['default'] : undefined;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : whole;
  });
  return URL.parse(filled, 'http://relative.invalid/')?.pathname;
}
