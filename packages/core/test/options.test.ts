import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../src/clock.ts';
import { type Logger, silentLogger } from '../src/logger.ts';
import {
  clockRule,
  describeOptions,
  invalidOption,
  loggerRule,
  type OptionRules,
  recorderRule,
  resolveOptions,
  show,
} from '../src/options.ts';
import { isQueueError, type QueueError } from '../src/queue-error.ts';
import { noopRecorder, type Recorder } from '../src/recorder.ts';

interface Store {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
}

interface Options {
  readonly lingerMs?: number | undefined;
  readonly rate?: number | undefined;
  readonly limit?: number | undefined;
  readonly ordered?: boolean | undefined;
  readonly order?: 'oldest' | 'newest' | undefined;
  readonly name?: string | undefined;
  readonly onEvent?: ((event: string) => void) | undefined;
  readonly store?: Store | undefined;
  readonly deadLetters?: Store | undefined;
}

const store: Store = { get: () => undefined, put: () => undefined };
const onEvent = (): void => undefined;

const rules: OptionRules<Options, 'deadLetters'> = {
  lingerMs: { kind: 'number', default: 5, min: 0, max: 60_000, unit: 'ms', doc: 'Longest wait.' },
  rate: { kind: 'number', default: 0.5, min: 0.0005, max: 1, fractional: true, doc: 'Share of a | b.' },
  limit: {
    kind: 'number',
    default: Number.POSITIVE_INFINITY,
    min: 1,
    max: Number.POSITIVE_INFINITY,
    unit: 'bytes',
    doc: 'Most bytes.',
  },
  ordered: { kind: 'boolean', default: false, doc: 'Whether order is kept.' },
  order: { kind: 'choice', default: 'oldest', values: ['oldest', 'newest'], doc: 'Which is first.' },
  name: { kind: 'text', default: 'main', maxLength: 8, doc: 'Shown in logs.' },
  onEvent: { kind: 'function', default: onEvent, shown: 'nothing', doc: 'Told of events.' },
  store: {
    kind: 'object',
    default: store,
    methods: ['get', 'put'],
    what: 'a store',
    shown: 'in memory',
    doc: 'Where.',
  },
  deadLetters: { kind: 'object', methods: [], what: 'a store', doc: 'Where the dead go.' },
};

const resolve = (given?: unknown): unknown =>
  // The point is what happens to values that the types forbid.
  resolveOptions('createThing', rules, given as Options | undefined);

/** What a call throws; `undefined` if nothing. */
function outcomeOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

function failureOf(given: unknown): QueueError<'option-invalid'> {
  const error = outcomeOf(() => resolve(given));
  if (!isQueueError(error, 'option-invalid')) {
    throw new Error(`expected option-invalid, received ${String(error)}`);
  }
  return error;
}

type ValueRules = OptionRules<{ readonly value?: number | undefined }>;

const isAccepted = (rule: ValueRules['value'], value: number): boolean =>
  outcomeOf(() => resolveOptions('createThing', { value: rule }, { value })) === undefined;

describe('defaults', () => {
  const defaults = {
    lingerMs: 5,
    rate: 0.5,
    limit: Number.POSITIVE_INFINITY,
    ordered: false,
    order: 'oldest',
    name: 'main',
    onEvent,
    store,
    deadLetters: undefined,
  };

  test('fill in for options that are not given', () => {
    expect(resolve()).toEqual(defaults);
    expect(resolve({})).toEqual(defaults);
  });

  test('fill in for options that are given as undefined', () => {
    const given = Object.fromEntries(Object.keys(rules).map((name) => [name, undefined]));
    expect(resolve(given)).toEqual(defaults);
  });

  test('yield to zero and false, which are values', () => {
    expect(resolve({ lingerMs: 0, ordered: false })).toMatchObject({ lingerMs: 0, ordered: false });
  });

  test('come in an object that cannot be changed, with every name', () => {
    const resolved = resolve();
    expect(Object.isFrozen(resolved)).toBe(true);
    expect(Object.keys(resolved ?? {})).toEqual(Object.keys(rules));
  });
});

describe('a number', () => {
  const bounds = fc
    .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat({ max: 1_000_000 }))
    .map(([min, width]) => ({ min, max: min + width }));

  test('is accepted from its minimum to its maximum and not one beyond', () => {
    fc.assert(
      fc.property(bounds, fc.boolean(), ({ min, max }, fractional) => {
        const rule = { kind: 'number', default: min, min, max, fractional, doc: '' } as const;
        expect([min - 1, min, max, max + 1].map((value) => isAccepted(rule, value))).toEqual([
          false,
          true,
          true,
          false,
        ]);
      }),
    );
  });

  test('is whole unless its rule says otherwise', () => {
    const rule = { kind: 'number', default: 1, min: 0, max: 10, doc: '' } as const;
    fc.assert(
      fc.property(fc.double({ min: 0, max: 10, noNaN: true }), (value) => {
        expect(isAccepted(rule, value)).toBe(Number.isInteger(value));
        expect(isAccepted({ ...rule, fractional: true }, value)).toBe(true);
      }),
    );
  });

  test('is refused where it is NaN, and where it is infinite unless infinity is its maximum', () => {
    expect(failureOf({ lingerMs: Number.NaN }).details).toMatchObject({ option: 'lingerMs' });
    expect(failureOf({ rate: Number.NaN }).details).toMatchObject({ option: 'rate' });
    expect(failureOf({ limit: Number.NaN }).details).toMatchObject({ option: 'limit' });
    expect(failureOf({ lingerMs: Number.POSITIVE_INFINITY }).details).toMatchObject({ option: 'lingerMs' });
    expect(failureOf({ limit: Number.NEGATIVE_INFINITY }).details).toMatchObject({ option: 'limit' });
    expect(resolve({ limit: Number.POSITIVE_INFINITY })).toMatchObject({ limit: Number.POSITIVE_INFINITY });
  });

  test('is refused where it is a numeric string', () => {
    expect(failureOf({ lingerMs: '5' }).message).toBe(
      "[option-invalid] createThing: expected `lingerMs` to be a whole number from 0 to 60,000 ms, received '5'",
    );
  });
});

describe('the other kinds', () => {
  test.each([
    [{ ordered: 1 }, 'expected `ordered` to be true or false, received 1'],
    [{ order: 'random' }, "expected `order` to be 'oldest' or 'newest', received 'random'"],
    [{ name: '' }, "expected `name` to be a text of 1 to 8 characters, received ''"],
    [{ name: 'ninechars' }, "expected `name` to be a text of 1 to 8 characters, received 'ninechars'"],
    [{ onEvent: 'log' }, "expected `onEvent` to be a function, received 'log'"],
    [{ store: { get: onEvent } }, 'expected `store` to be a store (with get, put), received an object'],
    [
      { store: { get: onEvent, put: 1 } },
      'expected `store` to be a store (with get, put), received an object',
    ],
    [{ store: onEvent }, 'expected `store` to be a store (with get, put), received a function'],
    [{ store: null }, 'expected `store` to be a store (with get, put), received null'],
    [{ deadLetters: 1n }, 'expected `deadLetters` to be a store, received 1'],
    [{ limit: 0.5 }, 'expected `limit` to be a whole number from 1 bytes, received 0.5'],
    [{ rate: 2 }, 'expected `rate` to be a number from 0.0005 to 1, received 2'],
  ])('%o is refused with what was expected and received', (given, message) => {
    expect(failureOf(given).message).toBe(`[option-invalid] createThing: ${message}`);
  });

  test('an object may be given as a function that provides it, where the rule says so', () => {
    const provided: OptionRules<{ readonly token?: Store | undefined }, 'token'> = {
      token: { kind: 'object', methods: ['get'], what: 'a store', orFunction: true, doc: '' },
    };
    const provide = (): Store => store;
    // The interface of an option that takes both would name both.
    const given = { token: provide as unknown as Store };
    expect(resolveOptions('createThing', provided, given).token).toBe(provide);
    expect(outcomeOf(() => resolve({ deadLetters: provide }))).toMatchObject({ code: 'option-invalid' });
  });

  test('accept what their rules say, and pass it on as it is', () => {
    class Shelf {
      get(): void {}
      put(): void {}
    }
    const given = { ordered: true, order: 'newest', name: 'a', onEvent: listen, store: new Shelf() };
    expect(resolve(given)).toMatchObject(given);
    expect(resolve({ name: '8 chars.' })).toMatchObject({ name: '8 chars.' });
  });
});

function listen(): void {}

describe('an option that may not exceed another', () => {
  const rules: OptionRules<{ readonly baseMs?: number | undefined; readonly maxMs?: number | undefined }> = {
    baseMs: { kind: 'number', default: 100, min: 1, max: 1_000, atMost: 'maxMs', doc: 'The first.' },
    maxMs: { kind: 'number', default: 500, min: 1, max: 1_000, doc: 'The longest.' },
  };
  const messageOf = (given: { readonly baseMs?: number; readonly maxMs?: number }): string | undefined => {
    try {
      resolveOptions('createThing', rules, given);
      return undefined;
    } catch (error) {
      return isQueueError(error) ? error.message : String(error);
    }
  };

  test('is refused where it does, whether the other is given or not', () => {
    const refused = '[option-invalid] createThing: expected `baseMs` to be at most `maxMs`, which is';
    expect(messageOf({ baseMs: 501 })).toBe(`${refused} 500, received 501`);
    expect(messageOf({ baseMs: 51, maxMs: 50 })).toBe(`${refused} 50, received 51`);
    expect(messageOf({ baseMs: 500 })).toBeUndefined();
  });

  test('contradicts nothing where it is not given', () => {
    expect(resolveOptions('createThing', rules, { maxMs: 50 })).toEqual({ baseMs: 100, maxMs: 50 });
  });

  test('says so in the table', () => {
    expect(describeOptions(rules)).toContain(
      '| `baseMs` | 100 | a whole number from 1 to 1,000, at most `maxMs` |',
    );
  });
});

describe('the options as a whole', () => {
  test('are refused where one of them is not known, even if it is undefined', () => {
    const error = failureOf({ lingerMS: undefined });
    expect(error.message).toContain('expected `lingerMS` to be one of its options: lingerMs, rate, limit');
    expect(error.details).toMatchObject({ option: 'lingerMS', received: undefined });
  });

  test('are refused where a name is one that every object has', () => {
    expect(failureOf(JSON.parse('{"__proto__": 1}')).details).toMatchObject({ option: '__proto__' });
    expect(failureOf({ constructor: 1 }).details).toMatchObject({ option: 'constructor' });
  });

  test.each([[42], ['5'], [[]], [true], [() => undefined]])('are refused where they are %o', (given) => {
    expect(failureOf(given).details).toMatchObject({ option: 'options', expected: 'an object' });
  });

  test('regression: null passed for no options at all', () => {
    expect(failureOf(null).message).toBe(
      '[option-invalid] createThing: expected `options` to be an object, received null',
    );
  });

  test('resolve or fail with option-invalid, whatever they are', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(...Object.keys(rules)), (value, name) => {
        const outcome = outcomeOf(() => resolve({ [name]: value }));
        expect(outcome === undefined || isQueueError(outcome, 'option-invalid')).toBe(true);
      }),
    );
  });
});

describe('describeOptions', () => {
  test('makes the table of a README', () => {
    expect(describeOptions(rules)).toBe(
      [
        '| option | default | accepts | what it does |',
        '|---|---|---|---|',
        '| `lingerMs` | 5 ms | a whole number from 0 to 60,000 ms | Longest wait. |',
        '| `rate` | 0.5 | a number from 0.0005 to 1 | Share of a \\| b. |',
        '| `limit` | ∞ bytes | a whole number from 1 bytes | Most bytes. |',
        '| `ordered` | `false` | true or false | Whether order is kept. |',
        "| `order` | `'oldest'` | 'oldest' or 'newest' | Which is first. |",
        "| `name` | `'main'` | a text of 1 to 8 characters | Shown in logs. |",
        '| `onEvent` | nothing | a function | Told of events. |',
        '| `store` | in memory | a store (with get, put) | Where. |',
        '| `deadLetters` | none | a store | Where the dead go. |',
      ].join('\n'),
    );
  });
});

describe('show', () => {
  test('cuts a long text and keeps the insides of objects to itself', () => {
    expect(show('x'.repeat(80))).toBe(`'${'x'.repeat(80)}'`);
    expect(show('x'.repeat(81))).toBe(`'${'x'.repeat(77)}...'`);
    expect(show({ secret: 1 })).toBe('an object');
    expect(show([1, 2])).toBe('an array of 2');
    expect(show(Symbol('s'))).toBe('Symbol(s)');
    expect(show(null)).toBe('null');
    expect(show(undefined)).toBe('undefined');
  });

  test('is short for anything', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
        expect(show(value).length).toBeLessThanOrEqual(400);
      }),
    );
  });
});

test('an option that a rule cannot describe is refused in the same words', () => {
  const error = invalidOption('close', 'timeoutMs', -1, 'a number of milliseconds from 0');
  expect(error.message).toBe(
    '[option-invalid] close: expected `timeoutMs` to be a number of milliseconds from 0, received -1',
  );
  expect(error.details).toEqual({
    option: 'timeoutMs',
    received: -1,
    expected: 'a number of milliseconds from 0',
  });
});

test('the rules of clock, logger and recorder take what has the methods, and give the defaults', () => {
  interface Given {
    readonly clock?: Clock | undefined;
    readonly logger?: Logger | undefined;
    readonly recorder?: Recorder | undefined;
  }
  const rules: OptionRules<Given> = {
    clock: clockRule('Time.'),
    logger: loggerRule('Lines.'),
    recorder: recorderRule('Figures.'),
  };
  const defaults = resolveOptions('f', rules, {});
  expect(defaults).toEqual({ clock: systemClock, logger: silentLogger, recorder: noopRecorder });
  expect(resolveOptions('f', rules, { logger: console }).logger).toBe(console);
  for (const name of Object.keys(rules)) {
    expect(() => resolveOptions('f', rules, { [name]: {} })).toThrow(`\`${name}\` to be a ${name} (with `);
  }
});
