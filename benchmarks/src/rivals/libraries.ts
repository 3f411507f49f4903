import type { Library } from './library.ts';

export const libraries: readonly Library[] = [
  {
    name: 'sqskit',
    how: '`createConsumer` over `createSqsQueue(createPooledClient(…), url)`.',
    lacks: [],
    open: async (...setup) => (await import('./sqskit-subject.ts')).openSqskit(...setup),
  },
  {
    name: 'sqs-consumer',
    how: '`Consumer.create` with `handleMessage`, which returns its message; `heartbeatInterval` and `visibilityTimeout`, `handleMessageTimeout`, `terminateVisibilityTimeout`, and `batchSize` 10 where several handlers are to run at a time. To stop soon is `stop({ abort: true })`.',
    lacks: [],
    open: async (...setup) => (await import('./sqs-consumer-subject.ts')).openSqsConsumer(...setup),
  },
  {
    name: 'squiss-ts',
    how: "`new Squiss` with `bodyFormat: 'json'`, `autoExtendTimeout`, `visibilityTimeoutSecs`, `advancedCallMs` and `maxInFlight`; its listener calls `message.del()`, and where its handler fails `message.keep()` and then `message.changeVisibility()`. It has no timeout for handlers, and no handler whose return would mean anything.",
    lacks: ['handlerTimeoutMs', 'returnsNothing'],
    open: async (...setup) => (await import('./squiss-subject.ts')).openSquiss(...setup),
  },
];
