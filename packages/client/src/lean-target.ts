import { QueueError } from '@sqskit/core';
import { invalidOption } from '@sqskit/core/options';
import { parseQueueUrl, type QueueAddress, sqsEndpoint } from '@sqskit/core/queue-url';
import { isAwsHost, regionMismatch } from './client-check.ts';

/** Where a client sends, and what for; each may be left to the queues' URLs. */
export interface LeanSettings {
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly useFips: boolean;
  readonly useDualStack: boolean;
}

/** Where the calls of one queue go. */
export interface LeanTarget {
  /** `https://sqs.eu-west-1.amazonaws.com` */
  readonly origin: string;
  readonly host: string;
  readonly path: string;
  /** What they are signed for. */
  readonly region: string;
}

/**
 * Where the calls of a queue go, or those that are about none. The host is that of the endpoint, or of the queue's URL; the
 * region is the client's, or the URL's. Pure. Throws `queue-url-invalid`, `option-invalid` and `region-mismatch`.
 */
export function targetOf(queueUrl: string | undefined, settings: LeanSettings): LeanTarget {
  const address = queueUrl === undefined ? undefined : parseQueueUrl(queueUrl);
  const region = settings.region ?? address?.region;
  if (region === undefined) {
    throw invalidOption(
      'createLeanClient',
      'region',
      undefined,
      "given where the queue's URL does not tell it",
    );
  }
  const url = urlOf(address, region, settings);
  const isAws = isAwsHost(url.hostname);
  if (
    address?.region !== undefined &&
    address.partition !== undefined &&
    isAws &&
    address.region !== region
  ) {
    throw regionMismatch(address.url, region, address.region);
  }
  const path = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  return { origin: url.origin, host: url.host, path, region };
}

function urlOf(address: QueueAddress | undefined, region: string, settings: LeanSettings): URL {
  const { endpoint, useFips: fips, useDualStack: dualStack } = settings;
  if (endpoint !== undefined) {
    return parsed(endpoint);
  }
  if (address === undefined) {
    return new URL(sqsEndpoint(region, { fips, dualStack }));
  }
  if (address.partition === undefined) {
    return new URL('/', parsed(address.url));
  }
  const { host } = parsed(address.url);
  if (!fips && !dualStack) {
    return new URL(`https://${host}`); // never without TLS, whatever the URL says
  }
  if (!host.includes('.vpce.')) {
    return new URL(sqsEndpoint(region, { fips, dualStack }));
  }
  if (fips && !host.includes('.sqs-fips.')) {
    throw invalidOption('createLeanClient', 'useFips', true, `false for a queue behind ${host}`);
  }
  return new URL(`https://${host}`);
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch (cause) {
    const expected = 'a URL with a host that can be connected to, or an `endpoint` beside it';
    throw new QueueError(
      'queue-url-invalid',
      `expected ${expected}, received ${url}`,
      { received: url, expected },
      { cause },
    );
  }
}
