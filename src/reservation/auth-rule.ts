/** How a request shows that it is from its source. Read from the configuration. */

export type AuthRule =
  | HmacRule
  | { readonly kind: 'standard-webhooks' }
  | TokenRule
  | FieldTokenRule
  | BasicRule
  | { readonly kind: 'bearer' }
  /** Nothing is posted: it is read. */
  | { readonly kind: 'none' }
  | CertificateRule
  | QueryRule;
export type AuthKind = AuthRule['kind'];

/** A digest (RFC 2104) under a shared secret, of a text that a template makes of the request. */
export interface HmacRule {
  readonly kind: 'hmac';
  readonly algorithm: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly header: string;
  readonly layout: HeaderLayout;
  readonly signed: SignedTemplate;
  readonly encoding: 'hex' | 'base64' | 'base64url';
  readonly secretEncoding: 'utf8' | 'base64' | 'hex';
  readonly idHeader?: string;
  readonly timestampHeader?: string;
  readonly timestampUnit: 's' | 'ms';
  readonly toleranceMs: number;
}

/** Where the parts of a signature header are. */
export interface HeaderLayout {
  /** For people, such as `t={timestamp},v1={signature}`. */
  readonly text: string;
  readonly finds: readonly ('signature' | 'timestamp' | 'id')[];
  /** Undefined where the value is not laid out so. Pure; never throws; in time that grows with the length of the value. */
  read(value: string): HeaderParts | undefined;
}

export interface HeaderParts {
  /** At least one; any may match. */
  readonly signatures: readonly string[];
  readonly timestamp?: string;
  readonly id?: string;
}

/** `{id}`, `{timestamp}`, `{url}` and `{body}` stand for what the request brought; the rest for itself. */
export interface SignedTemplate {
  readonly text: string;
  readonly parts: readonly ({ readonly literal: string } | { readonly placeholder: Placeholder })[];
}
export type Placeholder = 'id' | 'timestamp' | 'url' | 'body';

/** One of the secrets, as it is, in a header. */
export interface TokenRule {
  readonly kind: 'token';
  readonly header: string;
  readonly prefix: string;
}

/** One of the secrets, as it is, in the body: the path of a member. It is taken out before the body is mapped. */
export interface FieldTokenRule {
  readonly kind: 'field';
  readonly path: readonly string[];
}

/** RFC 7617; the password is one of the secrets. */
export interface BasicRule {
  readonly kind: 'basic';
  readonly username: string;
}

/** What a proxy that ended TLS says of the client's certificate. Needs no secrets. */
export interface CertificateRule {
  readonly kind: 'client-certificate';
  readonly header: string;
  readonly allowed: readonly string[];
}

/** One of the secrets in the address: proxies log it. Only where a system can do nothing else. */
export interface QueryRule {
  readonly kind: 'query';
  readonly parameter: string;
}

/** What an HTTP request brought, before anything was parsed. */
export interface SignedRequest {
  /** Names and values in turn, as Node received them: only here is a header that came twice seen as two. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly now: Date;
  /** What stands behind the source's name in the path, as it was sent; empty without. */
  readonly rawPath?: string;
  /** As it stands in the address, without the question mark. */
  readonly query?: string;
  /** True where whoever opened the connection is a proxy that is believed. */
  readonly viaTrustedProxy?: boolean;
}

export type Verified =
  | {
      readonly ok: true;
      /** Of the source's secrets; -1 where none was needed. */
      readonly secretIndex: number;
      /** Only where it is signed. */
      readonly id?: string;
      readonly sentAt?: Date;
    }
  | { readonly ok: false; readonly reason: string };
