import { expect, test } from 'vitest';
import { Stock } from '../src/server/stock.ts';

test('a message is handed out again when its visibility timeout is over, and not before', () => {
  let now = 0;
  const stock = new Stock(undefined, () => now);
  stock.put({ messageId: 'a', body: 'x' });
  const [first] = stock.receive(10, 1);
  now = 999;
  expect(stock.receive(10, 1)).toEqual([]);
  now = 1_100;
  const [second] = stock.receive(10, 1);
  expect(second).toMatchObject({ MessageId: 'a', Attributes: { ApproximateReceiveCount: '2' } });
  expect(stock.delete(first?.ReceiptHandle ?? '')).toBe(false);
  expect(stock.delete(second?.ReceiptHandle ?? '')).toBe(true);
  expect(stock.size).toBe(0);
});

test('a change of visibility counts from now', () => {
  let now = 0;
  const stock = new Stock(undefined, () => now);
  stock.put({ messageId: 'a', body: 'x' });
  const [{ ReceiptHandle } = { ReceiptHandle: '' }] = stock.receive(1, 30);
  now = 20_000;
  expect(stock.changeVisibility(ReceiptHandle, 30)).toBe(true);
  now = 40_000;
  expect(stock.receive(1)).toEqual([]);
  expect(stock.changeVisibility(ReceiptHandle, 0)).toBe(true);
  expect(stock.receive(1)).toHaveLength(1);
  expect(stock.changeVisibility(ReceiptHandle, 30)).toBe(false);
});
