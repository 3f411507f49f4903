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

interface Partition {
  readonly id: string;
  /** What the names of its regions begin with. */
  readonly regions: RegExp;
  readonly dnsSuffix: string;
  readonly dualStackDnsSuffix: string;
}

// Source: the AWS SDK's own partition list. GovCloud shares the DNS suffixes of the commercial partition, and comes after
// it; by region, the commercial partition takes what no other does.
const commercial: Partition = {
  id: 'aws',
  regions: /^/,
  dnsSuffix: 'amazonaws.com',
  dualStackDnsSuffix: 'api.aws',
};
const partitions: readonly Partition[] = [
  commercial,
  { ...commercial, id: 'aws-us-gov', regions: /^us-gov-/ },
  {
    id: 'aws-cn',
    regions: /^cn-/,
    dnsSuffix: 'amazonaws.com.cn',
    dualStackDnsSuffix: 'api.amazonwebservices.com.cn',
  },
  {
    id: 'aws-eusc',
    regions: /^eusc-/,
    dnsSuffix: 'amazonaws.eu',
    dualStackDnsSuffix: 'api.amazonwebservices.eu',
  },
  { id: 'aws-iso', regions: /^us-iso-/, dnsSuffix: 'c2s.ic.gov', dualStackDnsSuffix: 'api.aws.ic.gov' },
  { id: 'aws-iso-b', regions: /^us-isob-/, dnsSuffix: 'sc2s.sgov.gov', dualStackDnsSuffix: 'api.aws.scloud' },
  {
    id: 'aws-iso-e',
    regions: /^eu-isoe-/,
    dnsSuffix: 'cloud.adc-e.uk',
    dualStackDnsSuffix: 'api.cloud-aws.adc-e.uk',
  },
  {
    id: 'aws-iso-f',
    regions: /^us-isof-/,
    dnsSuffix: 'csp.hci.ic.gov',
    dualStackDnsSuffix: 'api.aws.hci.ic.gov',
  },
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
  const partition = partitions.find(
    ({ dnsSuffix, dualStackDnsSuffix }) =>
      host.endsWith(`.${dnsSuffix}`) || host.endsWith(`.${dualStackDnsSuffix}`),
  );
  const account = groups?.['path']?.split('/').at(-1);
  const region = regionOf(host);
  return {
    url,
    name,
    accountId: account !== undefined && /^\d{12}$/.test(account) ? account : undefined,
    fifo: name.endsWith('.fifo'),
    region,
    partition: partition === commercial && region?.startsWith('us-gov-') ? 'aws-us-gov' : partition?.id,
  };
}

function partitionOf(region: string): Partition {
  return partitions.findLast(({ regions }) => regions.test(region)) ?? commercial;
}

/** Which of a region's endpoints is meant. */
export interface EndpointChoice {
  /** One with validated cryptography (FIPS 140). Default: false. */
  readonly fips?: boolean | undefined;
  /** One that has IPv6 addresses as well. Default: false. */
  readonly dualStack?: boolean | undefined;
}

/**
 * The endpoint of SQS in a region, such as `https://sqs.eu-west-1.amazonaws.com`.
 *
 * Source: the SDK's endpoint rules of SQS; GovCloud's plain endpoints are FIPS endpoints.
 */
export function sqsEndpoint(
  region: string,
  { fips = false, dualStack = false }: EndpointChoice = {},
): string {
  const { id, dnsSuffix, dualStackDnsSuffix } = partitionOf(region);
  const host = fips && !(id === 'aws-us-gov' && !dualStack) ? 'sqs-fips' : 'sqs';
  return `https://${host}.${region}.${dualStack ? dualStackDnsSuffix : dnsSuffix}`;
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
