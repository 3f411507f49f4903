import type { Linked } from '@sqskit/core/linked-list';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Admission, memoryOf } from '../src/admission.ts';
import { askForCollection } from '../src/collection.ts';

const mebibyte = 1_048_576;

interface Message extends Linked<Message> {
  readonly bytes: number;
  readonly flow: undefined;
}

const contentBytes = 1_024;
const message = (): Message => ({
  bytes: contentBytes,
  flow: undefined,
  previous: undefined,
  next: undefined,
});

/** A buffer of 32 MiB with so much in it, on a heap of so many bytes. */
function bufferWith(
  bytes: number,
  heapBytes = 0,
): { readonly admission: Admission<Message>; readonly collect: () => number } {
  const collect = vi.fn<() => number>(() => heapBytes);
  const limits = {
    maxBufferedMessages: Number.POSITIVE_INFINITY,
    maxBufferedBytes: 32 * mebibyte,
    maxWaitingMessages: 0,
    maxWaitingBytes: 0,
  };
  const admission = new Admission<Message>(limits, () => undefined, collect);
  while (admission.bufferedBytes + memoryOf(1, contentBytes) <= bytes) {
    admission.enter(message());
  }
  return { admission, collect };
}

/** Lets so many bytes of messages through. */
function passThrough(admission: Admission<Message>, bytes: number): void {
  for (let passed = 0; passed < bytes; passed += memoryOf(1, contentBytes)) {
    admission.release(1, contentBytes);
    admission.enter(message());
  }
}

test('garbage is collected each time that a full buffer has left behind what it holds', () => {
  const { admission, collect } = bufferWith(32 * mebibyte);
  passThrough(admission, 31 * mebibyte);
  expect(collect).not.toHaveBeenCalled();
  passThrough(admission, 1 * mebibyte);
  expect(collect).toHaveBeenCalledTimes(1);
  passThrough(admission, 64 * mebibyte);
  expect(collect).toHaveBeenCalledTimes(3);
});

test('a heap that is large without us is collected no oftener than it has a quarter as much again', () => {
  const { admission, collect } = bufferWith(32 * mebibyte, 1_024 * mebibyte);
  passThrough(admission, 32 * mebibyte);
  expect(collect).toHaveBeenCalledTimes(1);
  passThrough(admission, 255 * mebibyte);
  expect(collect).toHaveBeenCalledTimes(1);
  passThrough(admission, 1 * mebibyte);
  expect(collect).toHaveBeenCalledTimes(2);
});

test('a buffer that is not full leaves its garbage to V8', () => {
  const { admission, collect } = bufferWith(20 * mebibyte);
  passThrough(admission, 100 * mebibyte);
  expect(collect).not.toHaveBeenCalled();
});

test('what a full buffer turns away is garbage too', () => {
  const { admission, collect } = bufferWith(32 * mebibyte);
  for (let refused = 0; refused < 32 * 1_024; refused++) {
    expect(() => admission.assertNotFull()).toThrow(expect.objectContaining({ code: 'buffer-full' }));
  }
  expect(collect).toHaveBeenCalledTimes(1);
});

test('asking for a collection claims as much as V8 collects for, and takes no memory', () => {
  const before = process.memoryUsage();
  const heapBytes = askForCollection();
  const after = process.memoryUsage();
  expect(heapBytes).toBeGreaterThan(mebibyte);
  expect(after.external - before.external).toBeGreaterThan(64 * mebibyte);
  expect(after.rss - before.rss).toBeLessThan(8 * mebibyte);
});

test('where there is no memory to be measured, as in a browser, nothing is thrown', () => {
  vi.stubGlobal('process', undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  expect(askForCollection()).toBe(0);
});
