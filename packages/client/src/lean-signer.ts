import { hash } from 'node:crypto';
import type { LeanTarget } from './lean-target.ts';
import { SignedRequest, type SigningKey, signingKey } from './signature.ts';
import type { Credentials } from './sqs-client.ts';

const contentType = 'application/x-amz-json-1.0';

/** Signs the requests of a client. What one has in common with the last is made once: its key, and its canonical form. */
export class LeanSigner {
  #credentials: Credentials | undefined;
  #day = '';
  /** By region. */
  #keys = new Map<string, SigningKey>();
  /** By target and operation. */
  #requests = new WeakMap<LeanTarget, Map<string, SignedRequest>>();

  /** The headers of a request, as undici takes them: names and values in turn. `time` as `20150830T123600Z`. */
  headers(
    target: LeanTarget,
    operation: string,
    payload: Uint8Array,
    credentials: Credentials,
    time: string,
  ): string[] {
    if (credentials !== this.#credentials) {
      this.#credentials = credentials;
      this.#day = '';
      this.#requests = new WeakMap(); // the session token is a header
    }
    const { sessionToken } = credentials;
    const authorization = this.#request(target, operation, sessionToken).authorization(
      time,
      hash('sha256', payload),
      this.#key(target.region, credentials, time.slice(0, 8)),
    );
    const headers = [
      'content-type',
      contentType,
      'x-amz-target',
      `AmazonSQS.${operation}`,
      'x-amz-date',
      time,
    ];
    if (sessionToken !== undefined) {
      headers.push('x-amz-security-token', sessionToken);
    }
    headers.push('authorization', authorization, 'user-agent', 'sqskit');
    return headers;
  }

  #key(region: string, credentials: Credentials, day: string): SigningKey {
    if (day !== this.#day) {
      this.#day = day;
      this.#keys.clear();
    }
    let key = this.#keys.get(region);
    if (key === undefined) {
      key = signingKey(credentials, day, region, 'sqs');
      this.#keys.set(region, key);
    }
    return key;
  }

  #request(target: LeanTarget, operation: string, sessionToken: string | undefined): SignedRequest {
    let byOperation = this.#requests.get(target);
    if (byOperation === undefined) {
      byOperation = new Map();
      this.#requests.set(target, byOperation);
    }
    let request = byOperation.get(operation);
    if (request === undefined) {
      request = new SignedRequest('POST', target.path, {
        'content-type': contentType,
        host: target.host,
        'x-amz-target': `AmazonSQS.${operation}`,
        ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
      });
      byOperation.set(operation, request);
    }
    return request;
  }
}
