import { SQSClient } from '@aws-sdk/client-sqs';
import { isQueueError } from '@sqskit/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LeanSettings, targetOf } from '../src/lean-target.ts';
import { credentials } from './sdk.ts';

const settings = (given: Partial<LeanSettings> = {}): LeanSettings => ({
  region: undefined,
  endpoint: undefined,
  useFips: false,
  useDualStack: false,
  ...given,
});
const orders = (host: string): string => `https://${host}/123456789012/orders`;

test.each([
  ['eu-west-1'],
  ['us-gov-west-1'],
  ['cn-north-1'],
  ['eusc-de-east-1'],
  ['us-iso-east-1'],
  ['us-isob-east-1'],
  ['eu-isoe-west-1'],
  ['us-isof-south-1'],
  ['mx-central-1'],
])("a call that is about no queue goes where the SDK's endpoint rules send it: %s", async (region) => {
  for (const useFips of [false, true]) {
    for (const useDualStack of [false, true]) {
      const client = new SQSClient({
        region,
        credentials,
        useFipsEndpoint: useFips,
        useDualstackEndpoint: useDualStack,
      });
      const { url } = client.config.endpointProvider({
        Region: region,
        UseFIPS: useFips,
        UseDualStack: useDualStack,
      });
      expect(targetOf(undefined, settings({ region, useFips, useDualStack })).origin).toBe(url.origin);
      client.destroy();
    }
  }
});

describe('the calls of a queue go', () => {
  test.each([
    ["to the URL's host", orders('sqs.eu-west-1.amazonaws.com'), {}, 'https://sqs.eu-west-1.amazonaws.com'],
    [
      'to a legacy host',
      orders('eu-west-1.queue.amazonaws.com'),
      {},
      'https://eu-west-1.queue.amazonaws.com',
    ],
    [
      'over TLS, if that host is of AWS',
      'http://sqs.eu-west-1.amazonaws.com/123456789012/orders',
      {},
      'https://sqs.eu-west-1.amazonaws.com',
    ],
    [
      'to the FIPS endpoint of the region, if that was chosen',
      orders('sqs.eu-west-1.amazonaws.com'),
      { useFips: true },
      'https://sqs-fips.eu-west-1.amazonaws.com',
    ],
    [
      'and likewise of a legacy host',
      orders('eu-west-1.queue.amazonaws.com'),
      { useFips: true, useDualStack: true },
      'https://sqs-fips.eu-west-1.api.aws',
    ],
    [
      'to a VPC endpoint, which is FIPS or is not',
      orders('vpce-0a1b-2c3d.sqs-fips.eu-west-1.vpce.amazonaws.com'),
      { useFips: true },
      'https://vpce-0a1b-2c3d.sqs-fips.eu-west-1.vpce.amazonaws.com',
    ],
    [
      'to the endpoint, if there is one',
      orders('sqs.eu-west-1.amazonaws.com'),
      { endpoint: 'http://localhost:4566' },
      'http://localhost:4566',
    ],
    [
      'to an emulator as its URL says',
      'http://sqs.eu-west-1.localhost:4566/000000000000/q',
      { useFips: true },
      'http://sqs.eu-west-1.localhost:4566',
    ],
  ])('%s', (_, url, given, origin) => {
    expect(targetOf(url, settings(given))).toEqual({
      origin,
      host: new URL(origin).host,
      path: '/',
      region: 'eu-west-1',
    });
  });

  test('below the path of the endpoint', () => {
    const given = settings({ region: 'eu-west-1', endpoint: 'https://gateway.internal/sqs' });
    expect(targetOf(undefined, given)).toMatchObject({ origin: 'https://gateway.internal', path: '/sqs/' });
  });

  test('nowhere, if FIPS was chosen and the URL names a VPC endpoint without', () => {
    const url = orders('vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com');
    expect(() => targetOf(url, settings({ useFips: true }))).toThrow(
      expect.objectContaining({
        code: 'option-invalid',
        details: expect.objectContaining({ option: 'useFips' }),
      }),
    );
  });

  test('never to a host outside the region that they are signed for', () => {
    const hosts = fc.constantFrom(
      'sqs.eu-west-1.amazonaws.com',
      'sqs-fips.us-west-2.amazonaws.com',
      'cn-north-1.queue.amazonaws.com.cn',
      'vpce-0a1b-2c3d.sqs-fips.eu-west-1.vpce.amazonaws.com',
    );
    const regions = fc.option(fc.constantFrom('eu-west-1', 'us-west-2', 'cn-north-1'), { nil: undefined });
    fc.assert(
      fc.property(hosts, regions, fc.boolean(), fc.boolean(), (host, region, useFips, useDualStack) => {
        const sent = fate(() => targetOf(orders(host), settings({ region, useFips, useDualStack })), region);
        expect(sent).toMatch(/^(?:within its region|refused)$/);
      }),
    );
  });
});

function fate(target: () => ReturnType<typeof targetOf>, clientRegion: string | undefined): string {
  try {
    const { origin, region } = target();
    return origin.includes(region) && (clientRegion ?? region) === region ? 'within its region' : origin;
  } catch (error) {
    return isQueueError(error, 'region-mismatch') ? 'refused' : String(error);
  }
}
