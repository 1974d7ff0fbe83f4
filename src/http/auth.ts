// Who may do what. A request shows a key in `api-key` or as a bearer; what that allows is a Grant, which each route
// asks before it does anything. Without any key configured everybody may do everything, which is why the service then
// listens on loopback only (service-config.ts). Not here: limits of rate (admission.ts).
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type TokenAccess, verifyToken } from './jwt.js';
import type { ServiceConfig } from './service-config.js';
import { WireError } from './wire-error.js';

/** What a route does: 'open' is for everybody, 'manage' makes, changes or drops collections. */
export type Access = 'open' | 'read' | 'write' | 'manage';

export class Grant {
  constructor(
    private readonly access: TokenAccess,
    /** For logs and limits of rate: tells keys apart without telling them. */
    readonly holder: string,
  ) {}

  /** 403 unless it is allowed; `collection` undefined stands for what belongs to none. */
  require(access: Access, collection?: string): void {
    if (access === 'open' || this.access === 'm') return;
    if (this.access === 'r' ? access === 'read' : this.allowsOn(access, collection)) return;
    const what = collection === undefined ? '' : ` on collection ${collection}`;
    throw new WireError(403, `Forbidden: the key does not allow to ${access}${what}`);
  }

  /** Whether a list may name the collection. */
  sees(collection: string): boolean {
    return typeof this.access === 'string' || this.access.some((entry) => entry.collection === collection);
  }

  private allowsOn(access: Access, collection: string | undefined): boolean {
    const entries = this.access as Exclude<TokenAccess, string>;
    const found = entries.filter((entry) => entry.collection === collection);
    if (access === 'read') return found.length > 0;
    return access === 'write' && found.some((entry) => entry.access === 'rw');
  }
}

export class Authenticator {
  constructor(private readonly service: ServiceConfig['service']) {}

  /** 401 for a key that is missing or wrong. */
  grant(headers: IncomingHttpHeaders, address: string): Grant {
    const { api_key: full, read_only_api_key: reading, jwt_rbac: tokens } = this.service;
    if (full === null && reading === null) return new Grant('m', address);
    const given = keyIn(headers);
    if (given === undefined) throw new WireError(401, 'Must provide an API key or an Authorization bearer token');
    // Both are compared, whatever the first says.
    const isFull = full !== null && sameKey(given, full);
    const isReading = reading !== null && sameKey(given, reading);
    if (isFull) return new Grant('m', 'api_key');
    if (isReading) return new Grant('r', 'read_only_api_key');
    if (tokens && full !== null && given.includes('.')) {
      const token = verifyToken(given, full, Date.now() / 1000);
      if (token.valid) return new Grant(token.access, `token ${digestOf(given).toString('hex').slice(0, 12)}`);
      throw new WireError(401, `Invalid API key or JWT: ${token.reason}`);
    }
    throw new WireError(401, 'Invalid API key or JWT');
  }
}

function keyIn(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['api-key'];
  if (typeof own === 'string' && own !== '') return own;
  return /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

// Of digests, which have one length: what a comparison takes then tells nothing of the key, not even how long it is.
function sameKey(given: string, key: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(key));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
