import { readFileSync } from 'node:fs';
import type { MessageAttributes } from '@sqskit/core';
import { messages } from '../python/messages.ts';

/** A message that another library's own code made (make-vectors.ts). */
export interface ForeignVector {
  readonly by: 'message-queue-toolkit' | 'squiss-ts';
  readonly name: string;
  readonly body: string;
  readonly attributes?: MessageAttributes;
}

export const foreignVectors: readonly ForeignVector[] = JSON.parse(
  readFileSync(new URL('vectors.json', import.meta.url), 'utf8'),
);

/** What it was made of. */
export function textOf({ name }: ForeignVector): string {
  return JSON.stringify(messages[name]);
}
