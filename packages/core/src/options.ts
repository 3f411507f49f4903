import { type Clock, systemClock } from './clock.ts';
import { type Logger, silentLogger } from './logger.ts';
import { QueueError } from './queue-error.ts';
import { noopRecorder, type Recorder } from './recorder.ts';
import { show } from './show.ts';

export { show } from './show.ts';

interface RuleCommon {
  /** One or two sentences for the options table: what it does and why one would change it. */
  readonly doc: string;
}

/** A number; whole unless `fractional`. */
export interface NumberRule extends RuleCommon {
  readonly kind: 'number';
  readonly default?: number | undefined;
  readonly min: number;
  readonly max: number;
  readonly unit?: 'ms' | 'bytes' | undefined;
  readonly fractional?: boolean | undefined;
  /** The name of another option that it may not exceed, where it is given: of two that contradict each other none is guessed. */
  readonly atMost?: string | undefined;
  /** The default in words, for the table, where it depends on other options. */
  readonly shown?: string | undefined;
}

export interface BooleanRule extends RuleCommon {
  readonly kind: 'boolean';
  readonly default?: boolean | undefined;
}

/** One of a few words. */
export interface ChoiceRule<V> extends RuleCommon {
  readonly kind: 'choice';
  readonly default?: V | undefined;
  readonly values: readonly V[];
}

export interface TextRule extends RuleCommon {
  readonly kind: 'text';
  readonly default?: string | undefined;
  readonly maxLength: number;
}

export interface FunctionRule<V> extends RuleCommon {
  readonly kind: 'function';
  readonly default?: V | undefined;
  /** The default in words, for the table. */
  readonly shown?: string | undefined;
}

/** Something with these methods: a clock, a codec, a queue. Structural, so that any copy of it will do. */
export interface ObjectRule<V> extends RuleCommon {
  readonly kind: 'object';
  readonly default?: V | undefined;
  readonly methods: readonly (keyof V & string)[];
  /** What is expected, in words, for the error and the table. */
  readonly what: string;
  /** A function will do as well: one that provides the object. */
  readonly orFunction?: boolean | undefined;
  /** The default in words, for the table. */
  readonly shown?: string | undefined;
}

type RuleFor<V> = [V] extends [number]
  ? NumberRule
  : [V] extends [boolean]
    ? BooleanRule
    : [V] extends [string]
      ? ChoiceRule<V> | TextRule
      : V extends (...args: never[]) => unknown
        ? FunctionRule<V>
        : ObjectRule<V>;

/**
 * The rule of every option of a function: one table serves validation, defaults and the docs. `Unset` names the
 * options that may stay `undefined`; every other rule must have a default.
 */
export type OptionRules<O extends object, Unset extends keyof O = never> = {
  readonly [K in keyof O]-?: K extends Unset
    ? RuleFor<Exclude<O[K], undefined>>
    : RuleFor<Exclude<O[K], undefined>> & { readonly default: Exclude<O[K], undefined> };
};

/** Options with their defaults filled in. */
export type Resolved<O extends object, Unset extends keyof O = never> = {
  readonly [K in keyof O]-?: K extends Unset ? O[K] | undefined : Exclude<O[K], undefined>;
};

type AnyRule =
  | NumberRule
  | BooleanRule
  | ChoiceRule<unknown>
  | TextRule
  | FunctionRule<unknown>
  | (Omit<ObjectRule<never>, 'methods' | 'default'> & {
      readonly methods: readonly string[];
      readonly default?: unknown;
    });

/**
 * Validates `given` by its rules and fills in the defaults. `undefined` means "not given"; `0`, `''` and `false` are
 * values. Throws `option-invalid` for a value outside its rule, or beyond the option that its rule says it may not exceed,
 * and for a name that is no option of `owner`.
 */
export function resolveOptions<O extends object, Unset extends keyof O = never>(
  owner: string,
  rules: OptionRules<O, Unset>,
  given: O | undefined,
): Resolved<O, Unset> {
  const table = rules as unknown as Readonly<Record<string, AnyRule>>;
  const values = (given === undefined ? {} : given) as Readonly<Record<string, unknown>>;
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw invalidOption(owner, 'options', given, 'an object');
  }
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(table, name)) {
      throw invalidOption(owner, name, values[name], `one of its options: ${Object.keys(table).join(', ')}`);
    }
  }
  const resolved: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(table)) {
    const value = values[name];
    if (value === undefined) {
      resolved[name] = rule.default;
    } else if (accepts(rule, value)) {
      resolved[name] = value;
    } else {
      throw invalidOption(owner, name, value, expected(rule));
    }
  }
  for (const [name, rule] of Object.entries(table)) {
    const bound = rule.kind === 'number' ? rule.atMost : undefined;
    const most = bound === undefined ? undefined : resolved[bound];
    if (typeof most === 'number' && Number(values[name]) > most) {
      throw invalidOption(owner, name, values[name], `at most \`${bound}\`, which is ${most}`);
    }
  }
  return Object.freeze(resolved) as Resolved<O, Unset>;
}

/** Throws `option-invalid` for a name that is none of `known`: for options too small for a rule table. */
export function assertKnownOptions(owner: string, known: readonly string[], given: object | undefined): void {
  for (const name in given) {
    if (!known.includes(name)) {
      throw invalidOption(owner, name, Reflect.get(given, name), `one of its options: ${known.join(', ')}`);
    }
  }
}

/** The error of a call of `owner` whose option cannot be used: `wanted` says what it should have been. */
export function invalidOption(
  owner: string,
  option: string,
  received: unknown,
  wanted: string,
): QueueError<'option-invalid'> {
  const message = `${owner}: expected \`${option}\` to be ${wanted}, received ${show(received)}`;
  return new QueueError('option-invalid', message, { option, received, expected: wanted });
}

function accepts(rule: AnyRule, value: unknown): boolean {
  switch (rule.kind) {
    case 'number':
      return (
        typeof value === 'number' &&
        value >= rule.min &&
        value <= rule.max &&
        (rule.fractional === true || Number.isInteger(value) || value === Number.POSITIVE_INFINITY)
      );
    case 'boolean':
    case 'function':
      return typeof value === rule.kind;
    case 'choice':
      return rule.values.includes(value);
    case 'text':
      return typeof value === 'string' && value.length > 0 && value.length <= rule.maxLength;
    case 'object':
      return (
        (rule.orFunction === true && typeof value === 'function') ||
        (typeof value === 'object' &&
          value !== null &&
          rule.methods.every((method) => method in value && typeof Reflect.get(value, method) === 'function'))
      );
  }
}

function expected(rule: AnyRule): string {
  switch (rule.kind) {
    case 'number': {
      const kind = rule.fractional === true ? 'a number' : 'a whole number';
      const bound = rule.atMost === undefined ? '' : `, at most \`${rule.atMost}\``;
      return `${kind} ${range(rule)}${bound}`;
    }
    case 'boolean':
      return 'true or false';
    case 'function':
      return 'a function';
    case 'choice':
      return rule.values.map((value) => `'${String(value)}'`).join(' or ');
    case 'text':
      return `a text of 1 to ${rule.maxLength} characters`;
    case 'object':
      return rule.methods.length === 0 ? rule.what : `${rule.what} (with ${rule.methods.join(', ')})`;
  }
}

function range({ min, max, unit }: NumberRule): string {
  const suffix = unit === undefined ? '' : ` ${unit}`;
  return max === Number.POSITIVE_INFINITY
    ? `from ${grouped(min)}${suffix}`
    : `from ${grouped(min)} to ${grouped(max)}${suffix}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 20 });
}

/** The options table of a README, in Markdown, from the rules themselves. */
export function describeOptions(rules: object): string {
  const rows = Object.entries(rules as Readonly<Record<string, AnyRule>>).map(
    ([name, rule]) => `| \`${name}\` | ${shownDefault(rule)} | ${cell(expected(rule))} | ${cell(rule.doc)} |`,
  );
  return ['| option | default | accepts | what it does |', '|---|---|---|---|', ...rows].join('\n');
}

function shownDefault(rule: AnyRule): string {
  if ('shown' in rule && rule.shown !== undefined) {
    return rule.shown;
  }
  if (rule.default === undefined) {
    return 'none';
  }
  if (rule.kind === 'number') {
    return `${grouped(Number(rule.default))}${rule.unit === undefined ? '' : ` ${rule.unit}`}`;
  }
  return `\`${show(rule.default)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The rule of every `clock` option. */
export function clockRule(doc: string): ObjectRule<Clock> & { readonly default: Clock } {
  return {
    kind: 'object',
    default: systemClock,
    shown: "the machine's",
    methods: ['now', 'monotonic', 'setTimer'],
    what: 'a clock',
    doc,
  };
}

/** The rule of every `logger` option. */
export function loggerRule(doc: string): ObjectRule<Logger> & { readonly default: Logger } {
  return {
    kind: 'object',
    default: silentLogger,
    shown: 'silent',
    methods: ['debug', 'warn', 'error'],
    what: 'a logger',
    doc,
  };
}

/** The rule of every `recorder` option. */
export function recorderRule(doc: string): ObjectRule<Recorder> & { readonly default: Recorder } {
  return {
    kind: 'object',
    default: noopRecorder,
    shown: 'records nothing',
    methods: ['counter', 'gauge', 'histogram'],
    what: 'a recorder',
    doc,
  };
}
