import type { Mutant } from '../mutant.ts';

const engine = 'consumer/dist/engine.js';
const runner = 'consumer/dist/runner.js';
const hand = 'consumer/dist/hand.js';
const keeper = 'consumer/dist/lease-keeper.js';
const settler = 'consumer/dist/settler.js';
const poller = 'consumer/dist/poller.js';

export const consumerMutants: readonly Mutant[] = [
  {
    name: 'a message is deleted before its handler has ended',
    file: 'consumer/dist/work.js',
    find: 'return this.#await(turn, result);',
    replace: 'return void this.#await(turn, result), acked;',
  },
  {
    name: 'a handler is not told that its lease is lost',
    file: engine,
    find: 'delivery.abandon(reason);\n            void this.#stopBehind(',
    replace: 'void this.#stopBehind(',
  },
  {
    name: 'what a handler returns after its time was up counts as done',
    file: 'consumer/dist/work.js',
    find: 'return timed?.error ?? delivery.toldToEnd;',
    replace: 'return delivery.toldToEnd;',
  },
  {
    name: 'a handler whose time is up is not waited for',
    file: 'consumer/dist/handler-timeouts.js',
    find: 'this.delivery.overdue++;',
    replace: 'this.delivery.overdue++, this.delivery.pack?.drop(0);',
  },
  {
    name: 'a stop that releases deletes what a handler returns when it is told to end',
    file: 'consumer/dist/work.js',
    find: 'return released; // the consumer is stopping',
    replace: 'return acked;',
  },
  {
    name: 'a message is deleted although its lease is over',
    file: settler,
    find: `const deletion = this.#deletes.submit(delivery.receiptHandle, {
            messageId: delivery.message.messageId,
            deadlineAt: () => this.leases.expiresAt(delivery),`,
    replace: `this.leases.letGo(delivery);
        const deletion = this.#deletes.submit(delivery.receiptHandle, {
            messageId: delivery.message.messageId,
            deadlineAt: () => Infinity,`,
  },
  {
    name: 'a delete does not wait for a renewal of its message that is under way',
    file: settler,
    find: 'apartFrom: () => this.#changes,',
    replace: '',
  },
  {
    name: 'a renewal does not wait for a delete of its message that is under way',
    file: settler,
    find: 'apartFrom: () => this.#deletes,',
    replace: '',
  },
  {
    name: 'what settles a message goes beside a renewal of it that is under way',
    file: keeper,
    find: 'lane: messageId,',
    replace: '',
  },
  {
    name: 'what waits for the call of another stays aside',
    file: 'consumer/dist/batch-call.js',
    find: 'queueMicrotask(() => accumulator.recall());',
    replace: '',
  },
  {
    name: 'a renewal under way is not ended by what settles the message',
    file: keeper,
    find: 'held?.renewal?.cancel();',
    replace: '',
  },
  {
    name: 'a renewal that failed is not tried again',
    file: keeper,
    find: `deadlineAt: () => held.lease.expiresAt,
            repeats: () => held.deletion === undefined,
        });
        held.renewal = renewal;
        void renewal.outcome.then((outcome) => {
            if (this.#held.get(delivery) === held && held.renewal === renewal) {
                held.renewal = undefined;`,
    replace: `deadlineAt: () => now + 150,
        });
        held.renewal = renewal;
        void renewal.outcome.then((outcome) => {
            if (this.#held.get(delivery) === held && held.renewal === renewal) {
                held.renewal = outcome.ok ? undefined : renewal;`,
  },
  {
    name: 'a change of visibility that failed is not tried again',
    file: settler,
    find: 'return queue.changeVisibilityBatch(changes.map(wireForm), { signal });',
    replace:
      "return queue.changeVisibilityBatch(changes.map(wireForm), { signal }).then((outcomes) => outcomes.map((outcome) => outcome.ok ? outcome : { ok: false, error: new QueueError('aborted', outcome.error.message, {}) }));",
  },
  {
    name: 'a lease is renewed only when it is nearly over',
    file: 'consumer/dist/lease.js',
    find: 'takenAt + (expiresAt - takenAt) / 2',
    replace: 'takenAt + (expiresAt - takenAt) * 0.95',
  },
  {
    name: 'what waits is not renewed',
    file: keeper,
    find: 'if (isAnyDue && held.renewal === undefined &&',
    replace: "if (isAnyDue && delivery.phase !== 'waiting' && held.renewal === undefined &&",
  },
  {
    name: 'a batch of deletes with one that failed is deleted again as a whole',
    file: settler,
    find: 'return queue.deleteBatch(handles, { signal });',
    replace:
      'return queue.deleteBatch(handles, { signal }).then((outcomes) => { const failed = outcomes.find(({ ok }) => !ok); return failed ? outcomes.map(() => failed) : outcomes; });',
  },
  {
    name: 'deletes that failed count as done',
    file: settler,
    find: 'return queue.deleteBatch(handles, { signal });',
    replace:
      'return queue.deleteBatch(handles, { signal }).then((outcomes) => outcomes.map(() => ({ ok: true })));',
  },
  {
    name: 'a slot is lost where a message cannot be opened',
    file: runner,
    find: `this.#left(delivery);
        this.#opened({ delivery, pack });`,
    replace: `if (pack.isReadable) this.#left(delivery);
        this.#opened({ delivery, pack });`,
  },
  {
    name: 'there is a handler more than slots',
    file: runner,
    find: 'this.#running < slots.max &&',
    replace: 'this.#running <= slots.max &&',
  },
  {
    name: 'the next of a group starts although the one before it failed',
    file: engine,
    find: 'if (lane !== undefined) {\n            await this.#releaseAll(this.#line.cut(lane));',
    replace: 'if (lane === "") {\n            await this.#releaseAll(this.#line.cut(lane));',
  },
  {
    name: 'messages of one group run side by side',
    file: hand,
    find: 'createDelivery(message, origin, orderOf(message))',
    replace: 'createDelivery(message, origin, { ...orderOf(message), lane: undefined })',
  },
  {
    name: 'a message that comes again runs beside itself',
    file: hand,
    find: 'const current = this.#byId.get(message.messageId);',
    replace: 'const current = undefined;',
  },
  {
    name: 'what is done is forgotten before SQS has confirmed the delete',
    file: hand,
    find: 'this.#completed.add(message.messageId, pack.progress());',
    replace: '',
  },
  {
    name: 'a message that came again while it ran keeps its old receipt handle',
    file: hand,
    find: 'current.receiptHandle = message.receiptHandle;',
    replace: '',
  },
  {
    name: 'a message that failed is made visible at once',
    file: settler,
    find: `return this.#makeVisibleIn(delivery, this.#delayOf(delivery, verdict, attempt), {`,
    replace: `return this.#makeVisibleIn(delivery, 0, {`,
  },
  {
    name: 'the delay that a handler asked for is ignored',
    file: settler,
    find: 'return asked !== undefined && asked >= 0',
    replace: 'return false',
  },
  {
    name: 'a message that is dead-lettered is deleted before it was accepted there',
    file: settler,
    find: 'await Promise.all(all.map((unfinished) => this.deadLetter(delivery, pack, unfinished)));',
    replace:
      "for (const unfinished of all) { void this.deadLetter(delivery, pack, { ...unfinished }); if (unfinished.verdict.action === 'dead-letter') pack.carriedOut(unfinished, 'deadLettered'); }",
  },
  {
    name: 'what a poll brings while the consumer stops is dropped',
    file: poller,
    find: 'onMessages(answer.messages,',
    replace: 'if (!this.#isStopped) onMessages(answer.messages,',
  },
  {
    name: 'a poll that failed is repeated at once',
    file: poller,
    find: 'this.#restFor(restAfterFailureMs(',
    replace: 'void (restAfterFailureMs(',
  },
  {
    name: 'a consumer that is paused polls',
    file: 'consumer/dist/consumer.js',
    find: '(this.#isPaused ? 0 : wanted)',
    replace: 'wanted',
  },
  {
    name: 'stopping does not wait for handlers that run',
    file: 'consumer/dist/stopping.js',
    find: 'await this.#engine.idle();\n    }',
    replace: '}',
  },
  {
    name: 'a stop leaves the timer of leases',
    file: keeper,
    find: 'this.#alarm.clear();',
    replace: '',
  },
  {
    name: 'what waits is not given back by a stop',
    file: engine,
    find: 'void this.#releaseAll(this.#line.drain());',
    replace: 'for (const delivery of this.#line.drain()) this.#over(delivery, false);',
  },
  {
    name: 'what is left of a pack is not sent again',
    file: settler,
    find: 'await this.#sendAgain(delivery, pack);',
    replace: "for (const one of [...pack.unfinished]) pack.carriedOut(one, 'retried');",
  },
  {
    name: 'how often a message was received is not carried on',
    file: 'consumer/dist/resend.js',
    find: 'item.attempt + message.receiveCount',
    replace: '0',
  },
  {
    name: 'a breaker that is open lets messages be received',
    file: 'consumer/dist/breaker-gate.js',
    find: "if (this.state === 'closed') {\n            return wanted;",
    replace: 'if (true) {\n            return wanted;',
  },
  {
    name: 'more is asked for than was let through',
    file: 'consumer/dist/admission.js',
    find: 'return signal.aborted ? 0 : admitted;',
    replace: 'return signal.aborted ? 0 : admitted + 1;',
  },
  {
    name: 'no memory is kept free for what is asked for',
    file: 'consumer/dist/memory.js',
    find: ' - asked);',
    replace: ');',
  },
  {
    name: 'fewer slots are used only after the next start',
    file: 'consumer/dist/run.js',
    find: 'this.#slots.setMax(max);',
    replace: '',
  },
  {
    name: 'a group may have all slots',
    file: 'consumer/dist/run.js',
    find: 'slotsPerGroup: maxConcurrencyPerGroup,',
    replace: 'slotsPerGroup: maxConcurrency,',
  },
  {
    name: 'dead letters of all queues go to that of the first',
    file: 'consumer/dist/queue-sources.js',
    find: 'return sources;',
    replace: 'return sources.map((source) => ({ ...source, deadLetterQueue: sources[0].deadLetterQueue }));',
  },
];
