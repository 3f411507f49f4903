import { isQueueError, type OutgoingMessage, QueueError } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { createRegionalSender, type RegionSenders } from '../src/index.ts';
import { errorOf } from './error-of.ts';
import { createWorld, denied, lost, type Order, queueUrlOf, refused } from './world.ts';

const threeRegions = { 'eu-west-1': {}, 'eu-central-1': {}, 'us-east-1': {} } as const;
const order = (from: string, more?: Partial<OutgoingMessage<Order>>): OutgoingMessage<Order> => ({
  body: { from },
  ...more,
});

/** The error that a promise rejects with, once it does. */
const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
  } catch (reason) {
    return reason;
  }
  return expect.unreachable('expected a rejection');
};

describe('a message goes', () => {
  test('to the nearest region', async () => {
    const { clock, sender, accepted } = createWorld(threeRegions, {
      locations: {
        Cork: { latitude: 51.9, longitude: -8.5 },
        Vienna: { country: 'AT' },
        Boston: 'us-east-1',
      },
    });
    const receipts = ['Cork', 'Vienna', 'Boston'].map((from) => sender.send(order(from, { id: from })));
    await clock.settle(Promise.all(receipts));
    expect(accepted()).toEqual({
      'eu-west-1': ['Cork'],
      'eu-central-1': ['Vienna'],
      'us-east-1': ['Boston'],
    });
  });

  test('to the default region of the guide where its location is not known', async () => {
    const { clock, sender } = createWorld(threeRegions);
    const receipt = await clock.settle(sender.send(order('Atlantis')));
    expect(receipt.queueUrl).toBe(queueUrlOf('us-east-1'));
  });

  test('to another default region if that is set', async () => {
    const { clock, sender } = createWorld(threeRegions, { defaultRegion: 'eu-central-1', locate: undefined });
    const receipt = await clock.settle(sender.send({ body: {} }));
    expect(receipt.queueUrl).toBe(queueUrlOf('eu-central-1'));
  });

  test('nowhere where its location is not known and the default region is not allowed', async () => {
    const { clock, sender, regions } = createWorld(threeRegions, { allow: { jurisdictions: ['EU'] } });
    const error = await rejection(clock.settle(sender.send(order('Atlantis'))));
    expect(error).toMatchObject({
      code: 'region-not-allowed',
      outcome: 'rejected',
      details: { region: 'us-east-1', allowed: ['eu-west-1', 'eu-central-1'] },
    });
    expect(Object.values(regions).flatMap(({ given }) => given)).toEqual([]);
  });

  test('to the nearest region that is allowed, however near others are', async () => {
    const { clock, sender } = createWorld(
      { 'eu-west-2': {}, 'eu-west-1': {}, 'us-east-1': {} },
      { allow: { jurisdictions: ['EU'], countries: ['US'] } },
    );
    const receipt = await clock.settle(sender.send(order('eu-west-2')));
    expect(receipt.queueUrl).toBe(queueUrlOf('eu-west-1'));
  });

  test('where allowFor lets this message go, of what allow lets any', async () => {
    const { clock, sender } = createWorld(threeRegions, {
      allow: { regions: ['eu-west-1', 'us-east-1'] },
      allowFor: ({ body }) => (body.number === 1 ? 'any' : { jurisdictions: ['EU'] }),
    });
    const anywhere = await clock.settle(sender.send({ body: { from: 'us-east-1', number: 1 } }));
    const inEurope = await clock.settle(sender.send({ body: { from: 'eu-central-1', number: 2 } }));
    expect(anywhere.queueUrl).toBe(queueUrlOf('us-east-1'));
    expect(inEurope.queueUrl).toBe(queueUrlOf('eu-west-1'));
  });

  test('nowhere where allowFor leaves no region', async () => {
    const { clock, sender } = createWorld(threeRegions, { allowFor: () => ({ countries: ['JP'] }) });
    expect(await rejection(clock.settle(sender.send(order('eu-west-1'))))).toMatchObject({
      code: 'region-not-allowed',
      details: { allowed: [] },
    });
  });

  test.each([undefined, null, {}, 'all', { jurisdictions: ['Europe'] }])(
    'nowhere where allowFor gives %j',
    async (result) => {
      const allowFor = () => result;
      const { clock, sender, regions } = createWorld(threeRegions, Object.assign({}, { allowFor } as object));
      const error = await rejection(clock.settle(sender.send(order('eu-west-1'))));
      expect(error).toMatchObject({ code: 'option-invalid', outcome: 'rejected' });
      expect(Object.values(regions).flatMap(({ given }) => given)).toEqual([]);
    },
  );

  test.each(['locate', 'allowFor'])(
    'nowhere where %s throws, which is the failure of that message',
    async (name) => {
      const cause = new Error('no such customer');
      const { clock, sender } = createWorld(threeRegions, {
        [name]: () => {
          throw cause;
        },
      });
      const error = await rejection(clock.settle(sender.send(order('eu-west-1'))));
      expect(error).toMatchObject({
        code: 'unexpected',
        outcome: 'rejected',
        cause,
        details: { operation: name },
      });
    },
  );

  test('nowhere where its location is malformed', async () => {
    const { clock, sender } = createWorld(threeRegions, { locate: () => ({ latitude: 91, longitude: 0 }) });
    expect(await rejection(clock.settle(sender.send(order('x'))))).toMatchObject({
      code: 'option-invalid',
      details: { option: 'location.latitude' },
    });
  });

  test('nowhere where it is no message', async () => {
    const { clock, sender } = createWorld(threeRegions);
    const send: (message: never) => Promise<unknown> = (message) => sender.send(message);
    expect(await rejection(clock.settle(Reflect.apply(send, undefined, [undefined])))).toMatchObject({
      code: 'message-invalid',
    });
  });
});

describe('failover', () => {
  test('takes what a region has certainly rejected to the next nearest', async () => {
    const { clock, sender, accepted } = createWorld({
      ...threeRegions,
      'eu-west-1': { answer: () => denied },
    });
    const receipt = await clock.settle(sender.send(order('eu-west-1', { id: 'a' })));
    expect(receipt).toMatchObject({ id: 'a', queueUrl: queueUrlOf('eu-central-1'), attempts: 2 });
    expect(accepted()).toEqual({ 'eu-west-1': [], 'eu-central-1': ['a'], 'us-east-1': [] });
  });

  test('goes on from there, region by region', async () => {
    const down = { answer: () => denied };
    const { clock, sender } = createWorld({ 'eu-west-1': down, 'eu-central-1': down, 'us-east-1': {} });
    const receipt = await clock.settle(sender.send(order('eu-west-1')));
    expect(receipt).toMatchObject({ queueUrl: queueUrlOf('us-east-1'), attempts: 3 });
  });

  test('goes from the default region to the ones near to it', async () => {
    const { clock, sender } = createWorld({
      'us-east-1': { answer: () => denied },
      'eu-west-1': {},
      'us-west-2': {},
    });
    const receipt = await clock.settle(sender.send(order('Atlantis')));
    expect(receipt.queueUrl).toBe(queueUrlOf('us-west-2'));
  });

  test('keeps the id that it gives a message without one', async () => {
    const { clock, sender, regions } = createWorld({
      ...threeRegions,
      'eu-west-1': { answer: () => denied },
    });
    const receipts = [order('eu-west-1'), order('eu-west-1')].map((message) => sender.send(message));
    const [first, second] = await clock.settle(Promise.all(receipts));
    const idsIn = (region: keyof typeof regions) => regions[region].given.map(({ message }) => message.id);
    expect(idsIn('eu-west-1')).toEqual([first?.id, second?.id]);
    expect(idsIn('eu-central-1')).toEqual([first?.id, second?.id]);
    expect(first?.id).not.toBe(second?.id);
  });

  test('gives ids that no other sender gives, because a FIFO queue takes them for deduplication', async () => {
    const idOf = async (seed: number) => {
      const { clock, sender } = createWorld(threeRegions, { random: createRandom(seed) });
      return (await clock.settle(sender.send(order('eu-west-1')))).id;
    };
    const ids = await Promise.all(Array.from({ length: 100 }, (_, seed) => idOf(seed)));
    expect(new Set(ids).size).toBe(100);
    expect(ids.filter((id) => !/^[0-9a-z]{16}-1$/.test(id))).toEqual([]);
  });

  test('never repeats what a region may have accepted', async () => {
    const { clock, sender, accepted } = createWorld({ ...threeRegions, 'eu-west-1': { answer: () => lost } });
    const error = await rejection(clock.settle(sender.send(order('eu-west-1', { id: 'a' }))));
    expect(error).toMatchObject({ code: 'timeout', outcome: 'unknown' });
    expect(accepted()).toEqual({ 'eu-west-1': ['a'], 'eu-central-1': [], 'us-east-1': [] });
  });

  test('does not repeat what would be rejected everywhere', async () => {
    const tooLarge = new QueueError('message-too-large', 'too large', { bytes: 2, maxBytes: 1 });
    const { clock, sender, regions } = createWorld({
      ...threeRegions,
      'eu-west-1': { answer: () => tooLarge },
    });
    expect(await rejection(clock.settle(sender.send(order('eu-west-1'))))).toBe(tooLarge);
    expect(regions['eu-central-1'].given).toEqual([]);
  });

  test('says what happened in each region where all of them failed', async () => {
    const { clock, sender } = createWorld(
      {
        'eu-west-1': { answer: () => denied },
        'eu-central-1': { answer: () => refused },
        'us-east-1': { answer: () => 'hang' },
      },
      { allow: { jurisdictions: ['EU'] }, deadlineMs: 1_000 },
    );
    const error = await rejection(clock.settle(sender.send(order('eu-west-1'))));
    expect(error).toMatchObject({ code: 'deadline-exceeded', outcome: 'rejected' });
    expect(isQueueError(error) && error.message).toContain(
      'failed in eu-west-1 (access-denied), then eu-central-1 (deadline-exceeded)',
    );
    expect(isQueueError(error, 'deadline-exceeded') && error.details.attempts).toBeGreaterThan(2);
  });

  test('has one deadline for all: half of what is left for a region while others remain, then the rest', async () => {
    const down = { answer: () => refused };
    const { clock, sender, regions } = createWorld({
      'eu-west-1': down,
      'eu-central-1': down,
      'us-east-1': down,
    });
    const failed = rejection(sender.send(order('eu-west-1'), { deadlineMs: 8_000 }));
    expect(await clock.settle(failed)).toMatchObject({ code: 'deadline-exceeded', outcome: 'rejected' });
    expect(clock.monotonic()).toBe(8_000);
    const shares = Object.values(regions).map(({ given }) => given.map(({ options }) => options?.deadlineMs));
    expect(shares).toEqual([[4_000], [2_000], [2_000]]);
  });

  test('begins nowhere else once the time is over', async () => {
    const { clock, sender, regions } = createWorld({ 'eu-west-1': {}, 'eu-central-1': {} });
    const failed = rejection(sender.send(order('eu-west-1'), { deadlineMs: 0 }));
    expect(await clock.settle(failed)).toMatchObject({ code: 'deadline-exceeded' });
    expect(regions['eu-west-1'].given).toHaveLength(1);
    expect(regions['eu-central-1'].given).toEqual([]);
  });

  test('has 30 seconds by default', async () => {
    const { clock, sender } = createWorld({ 'us-east-1': { answer: () => refused } });
    await clock.settle(rejection(sender.send(order('us-east-1'))));
    expect(clock.monotonic()).toBe(30_000);
  });

  test('ends with the signal, between regions too', async () => {
    const ending = new AbortController();
    const { clock, sender, regions } = createWorld({
      ...threeRegions,
      'eu-west-1': {
        latencyMs: 100,
        answer: () => {
          queueMicrotask(() => ending.abort(new Error('enough')));
          return 'hang';
        },
      },
    });
    const error = await clock.settle(rejection(sender.send(order('eu-west-1'), { signal: ending.signal })));
    expect(error).toMatchObject({ code: 'aborted', outcome: 'unknown' });
    expect(regions['eu-central-1'].given).toEqual([]);
    const late = await clock.settle(rejection(sender.send(order('eu-west-1'), { signal: ending.signal })));
    expect(late).toMatchObject({ code: 'aborted', outcome: 'rejected', cause: ending.signal.reason });
    expect(regions['eu-west-1'].given).toHaveLength(1);
  });

  test('begins no further region once the signal has aborted, even if a region took no notice of it', async () => {
    const ending = new AbortController();
    const { clock, sender, regions } = createWorld({ 'eu-west-1': {}, 'eu-central-1': {} });
    regions['eu-west-1'].send = () => {
      ending.abort(new Error('enough'));
      return Promise.reject(denied);
    };
    const error = await clock.settle(rejection(sender.send(order('eu-west-1'), { signal: ending.signal })));
    expect(error).toMatchObject({ code: 'aborted', outcome: 'rejected' });
    expect(regions['eu-central-1'].given).toEqual([]);
  });

  test('takes what comes to a region whose sender someone has closed to the next', async () => {
    const { clock, sender, regions } = createWorld(threeRegions);
    await clock.settle(regions['eu-west-1'].close());
    const receipt = await clock.settle(sender.send(order('eu-west-1')));
    expect(receipt).toMatchObject({ queueUrl: queueUrlOf('eu-central-1'), attempts: 1 });
  });

  test('takes a sender that throws for one with an unknown outcome', async () => {
    const { clock, sender, regions } = createWorld(threeRegions);
    regions['eu-west-1'].send = () => {
      throw new TypeError('oops');
    };
    expect(await clock.settle(rejection(sender.send(order('eu-west-1'))))).toMatchObject({
      code: 'unexpected',
      outcome: 'unknown',
    });
  });
});

describe('a message group', () => {
  test('stays in one region whatever fails there', async () => {
    const { clock, sender, accepted, regions } = createWorld({
      ...threeRegions,
      'us-east-1': { answer: () => denied },
    });
    const groups = Array.from({ length: 30 }, (_, index) => `group-${index}`);
    const results = [...groups, ...groups].map((groupId) =>
      sender.send(order('eu-west-1', { groupId, id: groupId })).then(
        ({ queueUrl }) => queueUrl,
        () => 'failed',
      ),
    );
    const ends = await clock.settle(Promise.all(results));
    expect(ends.slice(0, 30)).toEqual(ends.slice(30));
    const givenToUs = new Set(regions['us-east-1'].given.map(({ message }) => message.groupId));
    const elsewhere = [...regions['eu-west-1'].given, ...regions['eu-central-1'].given];
    expect(givenToUs.size).toBeGreaterThan(3);
    expect(elsewhere.filter(({ message }) => givenToUs.has(message.groupId))).toEqual([]);
    expect(accepted()['us-east-1']).toEqual([]);
  });

  test('gets the whole deadline in its region', async () => {
    const { clock, sender, regions } = createWorld({ 'eu-west-1': {}, 'eu-central-1': {} });
    await clock.settle(sender.send(order('eu-west-1', { groupId: 'g' }), { deadlineMs: 8_000 }));
    const given = Object.values(regions).flatMap((region) => region.given);
    expect(given.map(({ options }) => options?.deadlineMs)).toEqual([8_000]);
  });

  test('is in the same region for every sender over the same regions, so that a restart moves nothing', async () => {
    const homes = [createWorld(threeRegions), createWorld(threeRegions, { random: () => 0.9 })].map(
      async ({ clock, sender }) => {
        const receipts = ['a', 'b', 'c', 'd'].map((groupId) => sender.send(order('eu-west-1', { groupId })));
        return (await clock.settle(Promise.all(receipts))).map(({ queueUrl }) => queueUrl);
      },
    );
    const [before, after] = await Promise.all(homes);
    expect(after).toEqual(before);
  });

  test('is near its place where locateGroup knows it', async () => {
    const { clock, sender } = createWorld(threeRegions, {
      locateGroup: (groupId) => ({ country: groupId.slice(0, 2) }),
    });
    const receipts = ['IE-1', 'AT-7', 'US-2'].map((groupId) => sender.send(order('eu-west-1', { groupId })));
    expect((await clock.settle(Promise.all(receipts))).map(({ queueUrl }) => queueUrl)).toEqual(
      ['eu-west-1', 'eu-central-1', 'us-east-1'].map(queueUrlOf),
    );
  });

  test('is never in a region that is not allowed', async () => {
    const { clock, sender } = createWorld(threeRegions, { allow: { regions: ['eu-central-1'] } });
    const receipts = ['a', 'b', 'c', 'd', 'e'].map((groupId) => sender.send(order('us-east-1', { groupId })));
    const urls = (await clock.settle(Promise.all(receipts))).map(({ queueUrl }) => queueUrl);
    expect(new Set(urls)).toEqual(new Set([queueUrlOf('eu-central-1')]));
  });

  test('leaves in the order in which it was given', async () => {
    const { clock, sender, regions } = createWorld(threeRegions);
    const ids = Array.from({ length: 50 }, (_, index) => `m-${index}`);
    const receipts = ids.map((id) => sender.send(order('eu-west-1', { id, groupId: 'g' })));
    await clock.settle(Promise.all(receipts));
    const given = Object.values(regions).flatMap((region) => region.given);
    expect(given.map(({ message }) => message.id)).toEqual(ids);
  });

  test('is routed like any message where groups are not pinned', async () => {
    const { clock, sender } = createWorld(
      { ...threeRegions, 'eu-west-1': { answer: () => denied } },
      { pinGroups: false },
    );
    const receipt = await clock.settle(sender.send(order('eu-west-1', { groupId: 'tenant-7' })));
    expect(receipt.queueUrl).toBe(queueUrlOf('eu-central-1'));
  });
});

describe('createRegionalSender refuses', () => {
  const { regions } = createWorld({ 'eu-west-1': {} });
  const twoPartitions = { ...regions, 'us-gov-west-1': regions['eu-west-1'] };
  const eu: RegionSenders<Order> = { 'eu-west-1': regions['eu-west-1'] };

  const malformed: readonly [string, unknown, unknown][] = [
    ['senders', {}, {}],
    ['senders', undefined, {}],
    ['senders', { 'eu-west-9': regions['eu-west-1'] }, {}],
    ["senders['eu-west-1']", { 'eu-west-1': {} }, {}],
    ["senders['eu-west-1']", { 'eu-west-1': undefined }, {}],
    ['senders', twoPartitions, {}],
    ['allow', eu, { allow: {} }],
    ['allow', eu, { allow: { countries: ['US'] } }],
    ['allow.countries', eu, { allow: { countries: ['Ireland'] } }],
    ['defaultRegion', eu, { defaultRegion: 'us-east-1' }],
    ['defaultRegion', eu, { defaultRegion: 'nowhere' }],
    ["locations['here']", eu, { locations: { here: 'somewhere' } }],
    ["locations['here'].country", eu, { locations: { here: { country: 'UK' } } }],
    ["locations['here'].longitude", eu, { locations: { here: { latitude: 1, longitude: 200 } } }],
    ['deadlineMs', eu, { deadlineMs: -1 }],
    ['deadlineMs', eu, { deadlineMs: 0 }],
    ['failureThreshold', eu, { failureThreshold: 0 }],
    ['locate', eu, { locate: 'London' }],
    ['fifo', eu, { fifo: true }],
  ];

  test.each(malformed)('a malformed %s', (option, senders, options) => {
    const error = errorOf(() => Reflect.apply(createRegionalSender, undefined, [senders, options]));
    expect(error).toMatchObject({ code: 'option-invalid', details: { option } });
  });
});
