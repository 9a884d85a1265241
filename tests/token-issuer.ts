import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTHeaderParameters, type JWTPayload } from 'jose';

/* Whoever signs tokens and lists of revoked keys, as Latchkey does, and also as it never would. */

export const ISSUER = 'https://keys.example.org';
export const AUDIENCE = 'lab-api';

export interface Signer {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

export async function makeSigner(alg: string, kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), alg, kid, use: 'sig' } };
}

export interface TokenChanges {
  /** Undefined takes it away. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Partial<JWTHeaderParameters>;
}

/** A token for Ada, `at` in seconds, good for an hour. */
export async function signToken(signer: Signer, at: number, { claims, header }: TokenChanges = {}): Promise<string> {
  const payload = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'ada',
    jti: 'key_1',
    client_id: 'lse_1',
    lease: 'lse_1',
    scope: 'pets:read pets:write',
    iat: at,
    nbf: at,
    exp: at + 3600,
    ...claims,
  };
  const present = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined)) as JWTPayload;
  return await new SignJWT(present)
    .setProtectedHeader({ alg: signer.alg, typ: 'at+jwt', kid: signer.kid, ...header })
    .sign(signer.privateKey);
}

export type Issuer = Awaited<ReturnType<typeof openIssuer>>;

/** Serves public keys and the list of revoked keys, both as they are set here. */
export async function openIssuer(now: () => number) {
  const state = {
    keys: [] as JWK[],
    signer: undefined as Signer | undefined,
    typ: 'revoked-keys+jwt',
    claims: { revoked: [] as unknown, until: {} as object, from: {} as object },
    /** Instead of the list that is made now. */
    list: undefined as string | undefined,
    down: { keys: false, list: false },
    asked: { keys: 0, list: 0 },
  };

  async function makeList(): Promise<string> {
    const iat = Math.floor(now() / 1000);
    const { kid, alg, privateKey } = state.signer!;
    return await new SignJWT({ iss: ISSUER, iat, exp: iat + 60, ...state.claims })
      .setProtectedHeader({ alg, typ: state.typ, kid })
      .sign(privateKey);
  }

  async function answer(path: string): Promise<string | undefined> {
    if (path === '/.well-known/jwks.json') {
      state.asked.keys += 1;
      return state.down.keys ? undefined : JSON.stringify({ keys: state.keys });
    }
    state.asked.list += 1;
    return state.down.list ? undefined : (state.list ?? (await makeList()));
  }

  const server = createServer((request, response) => {
    void answer(request.url ?? '').then((body) =>
      body === undefined ? response.writeHead(503).end() : response.writeHead(200).end(body),
    );
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    state,
    makeList,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close(): void {
      server.closeAllConnections();
      server.close();
    },
  };
}
