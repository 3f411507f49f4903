import type { Content } from '@sqskit/core';
import fc from 'fast-check';

/** Any JavaScript string, halves of surrogate pairs among it. */
const units = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  units,
  fc.json(),
  fc.string({ maxLength: 20 }).map((rest) => `~${rest}`),
  fc.string({ maxLength: 20 }).map((rest) => `~1g${rest}`),
);
const bytes = fc.uint8Array({ maxLength: 60 });

const repeated = fc.nat({ max: 80 });

/** Contents on both sides of any threshold: some that gzip makes much smaller and some that it makes larger. */
export const anyContent: fc.Arbitrary<Content> = fc.oneof(
  fc.tuple(text, repeated).map(([once, times]) => once.repeat(times + 1)),
  fc
    .tuple(bytes, repeated)
    .map(([once, times]) =>
      Uint8Array.from({ length: once.length * (times + 1) }, (_, index) => once[index % once.length] ?? 0),
    ),
  fc.uint8Array({ minLength: 1_500, maxLength: 3_000 }),
);
