// JSON web tokens as far as the service takes them: HS256 only, signed with the api key. Says what a token claims, or
// why it is none. What the claims allow is for auth.ts.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isObject } from './fields.js';

export interface CollectionAccess {
  collection: string;
  access: 'r' | 'rw';
}

/** Everything, reading everything, or collections one by one. */
export type TokenAccess = 'm' | 'r' | readonly CollectionAccess[];

export type Token = { valid: true; access: TokenAccess } | { valid: false; reason: string };

/** Longer ones are no token of anybody's. */
const TOKEN_CHARACTERS_MAX = 16_384;

export function verifyToken(token: string, key: string, nowSeconds: number): Token {
  const [head, body, signature, ...rest] = token.split('.');
  if (token.length > TOKEN_CHARACTERS_MAX || signature === undefined || rest.length > 0) return none('not a token');
  // The header is believed only in what it must say: a token that names another algorithm, `none` too, is refused.
  const header = decode(head as string);
  if (header === undefined || header.alg !== 'HS256') return none('its algorithm is not HS256');
  const expected = createHmac('sha256', key).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return none('its signature is wrong');
  const claims = decode(body as string);
  if (claims === undefined) return none('its claims are no JSON object');
  return readClaims(claims, nowSeconds);
}

const KNOWN_CLAIMS = ['exp', 'access', 'iat', 'nbf', 'sub', 'iss', 'aud', 'jti'];

function readClaims(claims: Record<string, unknown>, nowSeconds: number): Token {
  const unknown = Object.keys(claims).find((name) => !KNOWN_CLAIMS.includes(name));
  // `value_exists`, say, narrows what a token allows: to pass over it would widen it.
  if (unknown !== undefined) return none(`the claim ${unknown} is not supported`);
  const { exp, nbf, access = 'm' } = claims;
  if (exp !== undefined && !(typeof exp === 'number' && exp > nowSeconds)) return none('it has expired');
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= nowSeconds)) return none('it is not valid yet');
  if (access === 'm' || access === 'r') return { valid: true, access };
  if (!Array.isArray(access) || !access.every(isCollectionAccess)) return none('its access claim is malformed');
  return { valid: true, access };
}

function isCollectionAccess(value: unknown): value is CollectionAccess {
  if (!isObject(value) || Object.keys(value).some((name) => name !== 'collection' && name !== 'access')) return false;
  return typeof value.collection === 'string' && (value.access === 'r' || value.access === 'rw');
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function none(reason: string): Token {
  return { valid: false, reason };
}
