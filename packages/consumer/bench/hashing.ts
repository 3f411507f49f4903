// The handler of bench/workers.ts: the same module on threads and on the main one.
import { createHash } from 'node:crypto';
import type { Handler } from '@sqskit/core';

export interface Hashing {
  /** How often to hash: some milliseconds' worth. */
  readonly rounds: number;
}

export function hash(rounds: number): string {
  let digest = 'sqskit';
  for (let round = 0; round < rounds; round++) {
    digest = createHash('sha256').update(digest).digest('hex');
  }
  return digest;
}

export const handler: Handler<Hashing> = ({ body }) => {
  hash(body.rounds);
};
