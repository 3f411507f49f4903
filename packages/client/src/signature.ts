import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { escapeUri } from './escape-uri.ts';
import type { Credentials } from './sqs-client.ts';

// AWS Signature Version 4, for requests without a query string, which is all that SQS's JSON protocol has.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

const algorithm = 'AWS4-HMAC-SHA256';
const dateHeader = 'x-amz-date';

/** What requests of one day, region and service are signed with. */
export interface SigningKey {
  /** `20150830/us-east-1/sqs/aws4_request` */
  readonly scope: string;
  readonly accessKeyId: string;
  readonly key: KeyObject;
}

/** Derives the key of a day (`20150830`). Four HMACs: derive it once. */
export function signingKey(
  { accessKeyId, secretAccessKey }: Credentials,
  day: string,
  region: string,
  service: string,
): SigningKey {
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
  for (const part of [day, region, service, 'aws4_request']) {
    key = createHmac('sha256', key).update(part).digest();
  }
  // As a key object, which HMAC takes without setting it up anew: a seventh of the time of a buffer.
  return { scope: `${day}/${region}/${service}/aws4_request`, accessKeyId, key: createSecretKey(key) };
}

/** `20150830T123600Z` */
export function signingTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/**
 * A request that is signed again and again with only its time and its payload changed: the rest of its canonical form is
 * made once.
 */
export class SignedRequest {
  readonly #beforeDate: string;
  readonly #afterDate: string;
  readonly #signedHeaders: string;

  /** `headers` are those to sign, without `x-amz-date`, which is signed as well; `path` as it goes on the wire. */
  constructor(method: string, path: string, headers: Readonly<Record<string, string>>) {
    const lines = new Map([[dateHeader, '']]);
    for (const [name, value] of Object.entries(headers)) {
      lines.set(name.toLowerCase(), value.replaceAll(/\s+/g, ' ').trim());
    }
    const names = [...lines.keys()].sort();
    const dateAt = names.indexOf(dateHeader);
    const canonical = names.map((name) => `${name}:${lines.get(name)}\n`);
    this.#signedHeaders = names.join(';');
    this.#beforeDate = `${method}\n${canonicalPath(path)}\n\n${canonical.slice(0, dateAt).join('')}${dateHeader}:`;
    this.#afterDate = `\n${canonical.slice(dateAt + 1).join('')}\n${this.#signedHeaders}\n`;
  }

  /** The `authorization` header of one sending: at `time`, of the day of the key, with the payload of this hash in hex. */
  authorization(time: string, payloadSha256: string, { scope, accessKeyId, key }: SigningKey): string {
    const canonical = hash('sha256', this.#beforeDate + time + this.#afterDate + payloadSha256);
    const signature = createHmac('sha256', key)
      .update(`${algorithm}\n${time}\n${scope}\n${canonical}`)
      .digest('hex');
    return `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${this.#signedHeaders}, Signature=${signature}`;
  }
}

/** Without `.` and `..`, and escaped once more than on the wire, as every service but S3 has it. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') {
      segments.pop();
    } else if (segment !== '' && segment !== '.') {
      segments.push(escapeUri(segment));
    }
  }
  return segments.length === 0 ? '/' : `/${segments.join('/')}${path.endsWith('/') ? '/' : ''}`;
}
