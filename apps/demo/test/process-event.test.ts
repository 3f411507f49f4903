import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createStatistics } from '../src/process-event.ts';

const quake = (mag: unknown, place: unknown, depth: unknown = 10, type = 'earthquake'): unknown => ({
  properties: { mag, place, type },
  geometry: { coordinates: [0, 0, depth] },
});

describe('statistics over events', () => {
  test('the strongest, the deepest and the classes are those of the events', () => {
    const statistics = createStatistics();
    for (const event of [quake(0.9, 'a'), quake(1, 'b', 600), quake(6.4, 'c'), quake(2.5, 'd', null)]) {
      statistics.add(event);
    }
    const { classes, ...rest } = statistics.findings();
    expect(rest).toEqual({
      events: 4,
      earthquakes: 4,
      strongest: { magnitude: 6.4, place: 'c' },
      deepestKm: 600,
    });
    expect(classes.map(({ count }) => count)).toEqual([1, 1, 1, 0, 0, 0, 1]);
  });

  test('the order of delivery does not change the result', () => {
    const data = new URL('../data/earthquakes.ndjson', import.meta.url);
    const events = readFileSync(data, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    const forwards = createStatistics();
    const backwards = createStatistics();
    for (const [index, event] of events.entries()) {
      forwards.add(event);
      backwards.add(events.at(-1 - index));
    }
    expect(backwards.findings()).toEqual(forwards.findings());
    expect(forwards.findings()).toMatchObject({
      events: 1_707,
      earthquakes: 1_679,
      strongest: { magnitude: 6.4, place: '22km NNE of Hualian, Taiwan' },
    });
  });

  test.each([null, 1, 'x', [], {}, quake('3', 'a'), quake(3, null), quake(3, 'a', 10, 'explosion')])(
    'any other event is counted and nothing more: %j',
    (event) => {
      const statistics = createStatistics();
      statistics.add(event);
      expect(statistics.findings()).toMatchObject({ events: 1, earthquakes: 0, strongest: undefined });
    },
  );
});
