import { isQueueError, type Logger, QueueError } from '@sqskit/core';
import { parseQueueUrl, type QueueAddress } from '@sqskit/core/queue-url';
import type { SqsClient, SqsClientConfig } from './sqs-client.ts';

/** Resolves once it is known that the client suits the queue; `undefined` when that is known already. */
export type ClientCheck = () => Promise<void> | undefined;

/**
 * Looks once, before the first call, at what only a promise can tell: the client's region, which must be the queue's,
 * and its attempts, which are told if they are more than one. A wrong region stays wrong; whatever else goes wrong is
 * tried again at the next call.
 */
export function createClientCheck(client: SqsClient, address: QueueAddress, logger: Logger): ClientCheck {
  let passed = false;
  let checking: Promise<void> | undefined;
  const check = async (): Promise<void> => {
    try {
      await checkRegion(client.config, address);
      await tellAttempts(client.config, address, logger);
      passed = true;
    } catch (error) {
      if (isQueueError(error, 'region-mismatch')) {
        throw error;
      }
      checking = undefined;
      throw uncheckedError(error);
    }
  };
  return () => {
    if (passed) {
      return undefined;
    }
    checking ??= check();
    return checking;
  };
}

/** A function of the client's configuration failed, such as a provider of its endpoint. Nothing was sent. */
export function uncheckedError(cause: unknown): QueueError<'unexpected'> {
  const operation = 'clientCheck';
  const message = "the client's region, endpoint or attempts could not be found out";
  return new QueueError('unexpected', message, { operation }, { retryable: true, cause });
}

/**
 * A client of another region would sign for its own region what goes to the queue's, or find a queue of the same name
 * in its own. Only an AWS host tells the region for sure, and an endpoint outside AWS makes it meaningless.
 */
async function checkRegion(config: SqsClientConfig, address: QueueAddress): Promise<void> {
  const queueRegion = address.region;
  if (queueRegion === undefined || address.partition === undefined || (await isOutsideAws(config.endpoint))) {
    return;
  }
  const clientRegion = await config.region().catch(() => queueRegion); // the call itself will say that there is none
  if (clientRegion !== queueRegion) {
    throw regionMismatch(address.url, clientRegion, queueRegion);
  }
}

export function regionMismatch(
  queueUrl: string,
  clientRegion: string,
  queueRegion: string,
): QueueError<'region-mismatch'> {
  return new QueueError(
    'region-mismatch',
    `the queue ${queueUrl} is in ${queueRegion}, and the client is for ${clientRegion}: make a client for each region`,
    { clientRegion, queueRegion },
  );
}

async function isOutsideAws(endpoint: unknown): Promise<boolean> {
  if (typeof endpoint !== 'function') {
    return false;
  }
  const resolved: unknown = await endpoint();
  const hostname =
    typeof resolved === 'object' && resolved !== null && 'hostname' in resolved ? resolved.hostname : '';
  return !isAwsHost(String(hostname));
}

export function isAwsHost(hostname: string): boolean {
  try {
    return parseQueueUrl(`https://${hostname}/queue`).partition !== undefined;
  } catch {
    return false; // not a host that a queue URL could have
  }
}

async function tellAttempts(config: SqsClientConfig, address: QueueAddress, logger: Logger): Promise<void> {
  const maxAttempts = await config.maxAttempts().catch(() => 1);
  if (maxAttempts > 1) {
    logger.warn(
      `the client makes up to ${maxAttempts} attempts of its own, which multiply with those of whoever uses this queue: give it maxAttempts: 1`,
      { queueUrl: address.url, maxAttempts },
    );
  }
}
