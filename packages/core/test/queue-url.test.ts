import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isQueueError } from '../src/queue-error.ts';
import { parseQueueUrl, sqsEndpoint } from '../src/queue-url.ts';

describe('the URL of a queue', () => {
  const aws = [
    ['regional', 'https://sqs.eu-west-1.amazonaws.com', 'eu-west-1', 'aws'],
    ['plain HTTP', 'http://sqs.eu-west-1.amazonaws.com', 'eu-west-1', 'aws'],
    ['newer region', 'https://sqs.ap-southeast-7.amazonaws.com', 'ap-southeast-7', 'aws'],
    ['Mexico', 'https://sqs.mx-central-1.amazonaws.com', 'mx-central-1', 'aws'],
    ['legacy', 'https://eu-west-1.queue.amazonaws.com', 'eu-west-1', 'aws'],
    ['oldest legacy', 'https://queue.amazonaws.com', 'us-east-1', 'aws'],
    ['FIPS', 'https://sqs-fips.us-west-2.amazonaws.com', 'us-west-2', 'aws'],
    ['dual-stack', 'https://sqs.us-west-2.api.aws', 'us-west-2', 'aws'],
    ['dual-stack FIPS', 'https://sqs-fips.us-west-2.api.aws', 'us-west-2', 'aws'],
    ['VPC endpoint', 'https://vpce-0d1a2b3c-abcdefgh.sqs.us-east-2.vpce.amazonaws.com', 'us-east-2', 'aws'],
    [
      'VPC endpoint of one zone',
      'https://vpce-0d1a2b3c-abcdefgh-us-east-2a.sqs.us-east-2.vpce.amazonaws.com',
      'us-east-2',
      'aws',
    ],
    [
      'FIPS VPC endpoint',
      'https://vpce-0d1a2b3c-abcdefgh.sqs-fips.us-east-2.vpce.amazonaws.com',
      'us-east-2',
      'aws',
    ],
    ['China', 'https://sqs.cn-northwest-1.amazonaws.com.cn', 'cn-northwest-1', 'aws-cn'],
    ['China, legacy', 'https://cn-north-1.queue.amazonaws.com.cn', 'cn-north-1', 'aws-cn'],
    ['China, dual-stack', 'https://sqs.cn-north-1.api.amazonwebservices.com.cn', 'cn-north-1', 'aws-cn'],
    ['GovCloud', 'https://sqs.us-gov-west-1.amazonaws.com', 'us-gov-west-1', 'aws-us-gov'],
    ['GovCloud, dual-stack', 'https://sqs.us-gov-east-1.api.aws', 'us-gov-east-1', 'aws-us-gov'],
    ['European Sovereign Cloud', 'https://sqs.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1', 'aws-eusc'],
    [
      'European Sovereign Cloud, dual-stack',
      'https://sqs.eusc-de-east-1.api.amazonwebservices.eu',
      'eusc-de-east-1',
      'aws-eusc',
    ],
    ['ISO', 'https://sqs.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1', 'aws-iso'],
    ['ISO B', 'https://sqs.us-isob-east-1.sc2s.sgov.gov', 'us-isob-east-1', 'aws-iso-b'],
    ['ISO E', 'https://sqs.eu-isoe-west-1.cloud.adc-e.uk', 'eu-isoe-west-1', 'aws-iso-e'],
    ['ISO F', 'https://sqs.us-isof-south-1.csp.hci.ic.gov', 'us-isof-south-1', 'aws-iso-f'],
    ['capitals', 'https://SQS.EU-WEST-1.AMAZONAWS.COM', 'eu-west-1', 'aws'],
  ] as const;

  test.each(aws)('%s: %s', (_, origin, region, partition) => {
    const url = `${origin}/123456789012/orders`;
    expect(parseQueueUrl(url)).toEqual({
      url,
      name: 'orders',
      accountId: '123456789012',
      fifo: false,
      region,
      partition,
    });
  });

  const emulators = [
    ['LocalStack', 'http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/q', 'us-east-1'],
    [
      'LocalStack, domain style',
      'http://eu-west-1.queue.localhost.localstack.cloud:4566/000000000000/q',
      'eu-west-1',
    ],
    ['fauxqs', 'http://sqs.us-east-1.localhost:39127/000000000000/q', 'us-east-1'],
    ['fauxqs by address', 'http://sqs.us-east-1.127.0.0.1:39127/000000000000/q', 'us-east-1'],
    ['an emulated GovCloud', 'http://sqs.us-gov-west-1.localhost:39127/000000000000/q', 'us-gov-west-1'],
    ['ElasticMQ', 'http://localhost:9324/000000000000/q', undefined],
    ['a container', 'http://my_sqs:9324/000000000000/q', undefined],
    ['IPv4', 'http://127.0.0.1:9324/000000000000/q', undefined],
    ['IPv6', 'http://[::1]:9324/000000000000/q', undefined],
  ] as const;

  test.each(emulators)('%s: %s', (_, url, region) => {
    expect(parseQueueUrl(url)).toEqual({
      url,
      name: 'q',
      accountId: '000000000000',
      fifo: false,
      region,
      partition: undefined,
    });
  });

  test('may lack an account', () => {
    expect(parseQueueUrl('http://localhost:9324/queue/q')).toMatchObject({ name: 'q', accountId: undefined });
    expect(parseQueueUrl('http://localhost:9324/q')).toMatchObject({ name: 'q', accountId: undefined });
  });

  test('may lack a region and still tell the partition', () => {
    expect(parseQueueUrl('https://sqs.amazonaws.com/123456789012/q')).toMatchObject({
      region: undefined,
      partition: 'aws',
    });
  });

  test('tells a FIFO queue by its suffix alone', () => {
    const fifo = (name: string): boolean =>
      parseQueueUrl(`https://sqs.us-east-1.amazonaws.com/123456789012/${name}`).fifo;
    expect(fifo('orders.fifo')).toBe(true);
    expect(fifo('orders-fifo')).toBe(false);
    expect(fifo('fifo')).toBe(false);
  });

  test('may end in a slash', () => {
    expect(parseQueueUrl('http://localhost:9324/000000000000/q/')).toMatchObject({
      name: 'q',
      accountId: '000000000000',
    });
  });

  test('has a name of up to 80 characters, of which `.fifo` is part', () => {
    const url = (name: string): string => `https://sqs.us-east-1.amazonaws.com/123456789012/${name}`;
    expect(parseQueueUrl(url('q'.repeat(80))).name).toHaveLength(80);
    expect(parseQueueUrl(url(`${'q'.repeat(75)}.fifo`)).name).toHaveLength(80);
    expect(() => parseQueueUrl(url('q'.repeat(81)))).toThrow('[queue-url-invalid]');
    expect(() => parseQueueUrl(url(`${'q'.repeat(76)}.fifo`))).toThrow('[queue-url-invalid]');
  });
});

describe('what is no queue URL', () => {
  test.each([
    '',
    'orders',
    'arn:aws:sqs:us-east-1:123456789012:orders',
    'sqs.us-east-1.amazonaws.com/123456789012/orders',
    'ftp://sqs.us-east-1.amazonaws.com/123456789012/orders',
    'https://',
    'https:///123456789012/orders',
    'https://sqs.us-east-1.amazonaws.com',
    'https://sqs.us-east-1.amazonaws.com/',
    'https://sqs.us-east-1.amazonaws.com/123456789012/orders?x=1',
    'https://sqs.us-east-1.amazonaws.com/123456789012/orders#x',
    'https://sqs.us-east-1.amazonaws.com/123456789012/or ders',
    'https://sqs.us-east-1.amazonaws.com/123456789012/orders.txt',
    'https://sqs.us-east-1.amazonaws.com:port/123456789012/orders',
    ' https://sqs.us-east-1.amazonaws.com/123456789012/orders',
    'https://sqs.us-east-1.amazonaws.com/123456789012/orders\n',
    'https://key@sqs.us-east-1.amazonaws.com/123456789012/orders',
    'https://key:secret@sqs.us-east-1.amazonaws.com/123456789012/orders',
    'https://<region>/123456789012/orders',
    'https://[localhost]/123456789012/orders',
  ])('is refused: %j', (url) => {
    expect(() => parseQueueUrl(url)).toThrow(
      expect.objectContaining({
        code: 'queue-url-invalid',
        details: { received: url, expected: expect.stringContaining('https://sqs.us-east-1.amazonaws.com/') },
      }),
    );
  });

  test('never makes anything but a QueueError, whatever it is', () => {
    const anything = fc.oneof(
      fc.anything({ withNullPrototype: true }),
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
      fc.webUrl().map((url) => `${url}/000000000000/q`),
    );
    fc.assert(
      fc.property(anything, (value) => {
        let outcome: unknown;
        try {
          // The types forbid most of these; plain JavaScript does not.
          outcome = parseQueueUrl(value as string).url;
        } catch (error) {
          outcome = error;
        }
        expect(outcome === value || isQueueError(outcome, 'queue-url-invalid')).toBe(true);
      }),
    );
  });

  test('regression: an object without a string form made it throw a TypeError', () => {
    expect(() => parseQueueUrl(Object.create(null))).toThrow('[queue-url-invalid]');
  });

  test('is quoted only in part where it is long', () => {
    const url = `https://example.com/?${'x'.repeat(10_000)}`;
    expect(() => parseQueueUrl(url)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{0,300}$/) }),
    );
  });

  test('is refused in time that grows no faster than its length', () => {
    const url = `https://sqs.us-east-1.amazonaws.com/${'a/'.repeat(50_000)}!`;
    expect(() => parseQueueUrl(url)).toThrow('[queue-url-invalid]');
  });
});

test('any valid parts are read back', () => {
  const name = fc.stringMatching(/^[\w-]{1,75}$/);
  const account = fc.stringMatching(/^\d{12}$/);
  const region = fc.constantFrom('us-east-1', 'ap-southeast-2', 'il-central-1', 'ca-west-1');
  fc.assert(
    fc.property(name, fc.boolean(), account, region, (base, fifo, accountId, regionName) => {
      const queueName = fifo ? `${base}.fifo` : base;
      const url = `https://sqs.${regionName}.amazonaws.com/${accountId}/${queueName}`;
      expect(parseQueueUrl(url)).toEqual({
        url,
        name: queueName,
        accountId,
        fifo,
        region: regionName,
        partition: 'aws',
      });
    }),
  );
});

describe('the endpoint of a region', () => {
  test.each([
    ['eu-west-1', {}, 'https://sqs.eu-west-1.amazonaws.com'],
    ['eu-west-1', { fips: true }, 'https://sqs-fips.eu-west-1.amazonaws.com'],
    ['eu-west-1', { dualStack: true }, 'https://sqs.eu-west-1.api.aws'],
    ['eu-west-1', { fips: true, dualStack: true }, 'https://sqs-fips.eu-west-1.api.aws'],
    ['us-gov-west-1', { fips: true }, 'https://sqs.us-gov-west-1.amazonaws.com'],
    ['us-gov-west-1', { fips: true, dualStack: true }, 'https://sqs-fips.us-gov-west-1.api.aws'],
    ['cn-north-1', { dualStack: true }, 'https://sqs.cn-north-1.api.amazonwebservices.com.cn'],
    ['eusc-de-east-1', {}, 'https://sqs.eusc-de-east-1.amazonaws.eu'],
    ['us-isob-east-1', {}, 'https://sqs.us-isob-east-1.sc2s.sgov.gov'],
  ])('%s, %j: %s', (region, choice, endpoint) => {
    expect(sqsEndpoint(region, choice)).toBe(endpoint);
    expect(parseQueueUrl(`${endpoint}/123456789012/q`).region).toBe(region);
  });
});
