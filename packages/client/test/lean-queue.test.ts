import { describe } from 'vitest';
import { leanCarrier } from './lean-set-up.ts';
import { describeQueue } from './sdk-queue-suite.ts';

describe('a queue over a lean client', () => {
  describeQueue(/^sqskit$/, ({ requestTimeoutMs, ...options }) =>
    leanCarrier({ ...options, requestTimeoutMs }),
  );
});
