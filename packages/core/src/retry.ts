/** A source of randomness in [0, 1), such as `Math.random`. */
export type Random = () => number;

export interface BackoffOptions {
  /** Upper bound of the first delay. Default: 100 ms. */
  readonly baseMs?: number | undefined;
  /** Upper bound of the first delay after a throttle. Default: 500 ms, as the AWS SDKs use. */
  readonly throttledBaseMs?: number | undefined;
  /** Upper bound of any delay. Default: 20,000 ms. */
  readonly maxMs?: number | undefined;
  /** Default: `Math.random`. */
  readonly random?: Random | undefined;
}

/** Milliseconds to wait before the next attempt, after `failures` (1, 2, …) failed ones. */
export type Backoff = (failures: number, throttled?: boolean) => number;

/**
 * Exponential back-off with full jitter: uniform in [0, min(max, base · 2^(failures − 1))].
 *
 * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function exponentialBackoff(options: BackoffOptions = {}): Backoff {
  const { baseMs = 100, throttledBaseMs = 500, maxMs = 20_000, random = Math.random } = options;
  return (failures, throttled = false) => {
    const base = throttled ? Math.max(baseMs, throttledBaseMs) : baseMs;
    return random() * Math.min(maxMs, base * 2 ** (failures - 1));
  };
}
