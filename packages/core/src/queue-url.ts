import { QueueError } from './queue-error.ts';
import { show } from './show.ts';

/** The parts of a queue URL. `region` and `partition` are `undefined` where the URL does not tell (`localhost`). */
export interface QueueAddress {
  readonly url: string;
  readonly name: string;
  readonly accountId: string | undefined;
  readonly fifo: boolean;
  readonly region: string | undefined;
  readonly partition: string | undefined;
}

// DNS suffixes of the partitions. Source: the AWS SDK's own partition list (dnsSuffix, dualStackDnsSuffix).
const partitionsBySuffix: readonly (readonly [suffix: string, partition: string])[] = [
  ['amazonaws.com.cn', 'aws-cn'],
  ['api.amazonwebservices.com.cn', 'aws-cn'],
  ['amazonaws.com', 'aws'],
  ['api.aws', 'aws'],
  ['amazonaws.eu', 'aws-eusc'],
  ['api.amazonwebservices.eu', 'aws-eusc'],
  ['c2s.ic.gov', 'aws-iso'],
  ['api.aws.ic.gov', 'aws-iso'],
  ['sc2s.sgov.gov', 'aws-iso-b'],
  ['api.aws.scloud', 'aws-iso-b'],
  ['cloud.adc-e.uk', 'aws-iso-e'],
  ['api.cloud-aws.adc-e.uk', 'aws-iso-e'],
  ['csp.hci.ic.gov', 'aws-iso-f'],
  ['api.aws.hci.ic.gov', 'aws-iso-f'],
];

// Not `new URL`: it refuses hosts such as `sqs.us-east-1.127.0.0.1`, which emulators hand out.
const form =
  /^https?:\/\/(?<host>[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?\/(?:(?<path>[^?#\s]*)\/)?(?<name>(?=.{1,80}\/?$)[\w-]+(?:\.fifo)?)\/?$/;

const regionForm = '[a-z]{2,4}(?:-[a-z]+)+-\\d+';
const regionInHost = [
  new RegExp(`^sqs(?:-fips)?\\.(?<region>${regionForm})\\.`), // sqs.eu-west-1.amazonaws.com, and emulators' copies of it
  new RegExp(`^(?<region>${regionForm})\\.queue\\.`), // legacy: eu-west-1.queue.amazonaws.com
  new RegExp(`^vpce-[\\w-]+\\.sqs(?:-fips)?\\.(?<region>${regionForm})\\.vpce\\.`), // interface VPC endpoint
];

/**
 * Reads region, partition, account and FIFO-ness from a queue URL. Knows the regional, legacy, FIPS, dual-stack and VPC
 * endpoint forms of every partition, and what emulators hand out. Throws `queue-url-invalid`.
 *
 * Source: https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
 */
export function parseQueueUrl(url: string): QueueAddress {
  const groups = typeof url === 'string' ? form.exec(url)?.groups : undefined;
  const host = groups?.['host']?.toLowerCase();
  const name = groups?.['name'];
  if (host === undefined || name === undefined) {
    const expected = 'a queue URL such as https://sqs.us-east-1.amazonaws.com/123456789012/my-queue';
    const received = typeof url === 'string' ? url : show(url);
    throw new QueueError('queue-url-invalid', `expected ${expected}, received ${show(url)}`, {
      received,
      expected,
    });
  }
  const suffix = partitionsBySuffix.find(([dnsSuffix]) => host.endsWith(`.${dnsSuffix}`));
  const account = groups?.['path']?.split('/').at(-1);
  const region = regionOf(host);
  return {
    url,
    name,
    accountId: account !== undefined && /^\d{12}$/.test(account) ? account : undefined,
    fifo: name.endsWith('.fifo'),
    region,
    // GovCloud shares its DNS suffix with the commercial partition.
    partition: region?.startsWith('us-gov-') === true && suffix?.[1] === 'aws' ? 'aws-us-gov' : suffix?.[1],
  };
}

function regionOf(host: string): string | undefined {
  if (host === 'queue.amazonaws.com') {
    return 'us-east-1'; // the oldest form of all
  }
  for (const pattern of regionInHost) {
    const region = pattern.exec(host)?.groups?.['region'];
    if (region !== undefined) {
      return region;
    }
  }
  return undefined;
}
