import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createProgress } from '../src/progress.ts';

function streamOf(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  return { stream, written: (): string => String(stream.read() ?? '') };
}

describe('progress', () => {
  test('off a terminal it is a line for each quarter, and one at the end', () => {
    const { stream, written } = streamOf(false);
    const phase = createProgress(stream).begin('naive', 1_000);
    for (const done of [1, 249, 250, 260, 800, 999]) {
      phase.update(done);
    }
    phase.end(999);
    const counts = Array.from(
      written().matchAll(/^naive: (\S+) of 1,000 messages processed$/gm),
      ([, count]) => count,
    );
    expect(counts).toEqual(['0', '250', '800', '999']);
  });

  test('off a terminal a brief phase is one line', () => {
    const { stream, written } = streamOf(false);
    const phase = createProgress(stream).begin('warm-up', 300, { brief: true });
    phase.update(150);
    phase.end(300);
    expect(written()).toBe('warm-up: 300 messages\n');
  });

  test('on a terminal it is a bar, with remarks beside it and not through it', () => {
    const { stream, written } = streamOf(true);
    const progress = createProgress(stream);
    const phase = progress.begin('naive', 4);
    progress.say('stopping');
    phase.end(2);
    progress.say('stopped');
    const text = written();
    expect(text).toContain('█████████████░░░░░░░░░░░░ 2/4 messages');
    expect(text.split('\n').some((line) => line.includes('2/4') && line.includes('stopping'))).toBe(true);
    expect(text.endsWith('stopped\n')).toBe(true);
  });
});
