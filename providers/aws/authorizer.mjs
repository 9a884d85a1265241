/*
 * A Lambda authorizer that puts every request to Latchkey's /v1/verify: for Node 22 or later, with nothing to install.
 *
 *   LATCHKEY_URL    https://latchkey.example.org
 *   LATCHKEY_TOKEN  an operator token of Latchkey that may verify
 *
 * Serves authorizers of type REQUEST, and of type TOKEN with the key as the token. Only the former learn the caller's address, which keys
 * with an allow-list need. Without an answer of Latchkey's nothing is let in: API Gateway makes a 500 of what is thrown here.
 */

/** Nobody with a key that works; API Gateway answers these 401, the others 403. */
const UNKNOWN = new Set(['NOT_FOUND', 'NOT_YET_VALID', 'EXPIRED', 'REVOKED', 'SUSPENDED']);
const TIMEOUT_MS = 2000;

export async function handler(event) {
  const key = keyOf(event);
  if (!key) throw new Error('Unauthorized');
  const { valid, code, keyId = 'unknown' } = await verdictOn({ key, ...askedBy(event) });
  if (UNKNOWN.has(code)) throw new Error('Unauthorized');
  return {
    principalId: keyId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: valid ? 'Allow' : 'Deny', Resource: event.methodArn }],
    },
    // With apiKeySource=AUTHORIZER this is the key that usage plans count.
    usageIdentifierKey: key,
    context: { keyId, code },
  };
}

function keyOf({ authorizationToken, headers }) {
  if (authorizationToken) return authorizationToken.replace(/^Bearer +/i, '');
  return Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'x-api-key')?.[1];
}

/** `arn:aws:execute-api:region:account:api/stage/METHOD/path`; a REQUEST tells the address as well. */
function askedBy({ methodArn, requestContext }) {
  const [, , method, ...path] = methodArn.split(':').slice(5).join(':').split('/');
  return { method, path: `/${path.join('/')}`, ip: requestContext?.identity?.sourceIp };
}

async function verdictOn(asked) {
  const answer = await fetch(new URL('/v1/verify', process.env.LATCHKEY_URL), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env.LATCHKEY_TOKEN}` },
    body: JSON.stringify(asked),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`Latchkey answered ${answer.status}`);
  return await answer.json();
}
