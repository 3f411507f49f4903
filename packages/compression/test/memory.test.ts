import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { framedBody } from '@sqskit/core/wire';
import { describe, expect, test } from 'vitest';
import { engines, everyEngine, gzipOf } from './engines.ts';

const child = fileURLToPath(new URL('child.ts', import.meta.url));
const mebibyte = 1_048_576;
const small = framedBody('g', gzipOf(engines.node).compress(new Uint8Array(2_000), 6));

/** What opening one body costs a fresh process, at the peak: the memory that the system saw, not the heap alone. */
function costOfOpening(
  engine: string,
  gzip: Uint8Array,
): { outcome: string; grewBytes: number; tookMs: number } {
  const input = JSON.stringify({ engine, body: framedBody('g', gzip), small });
  const { status, stdout, stderr } = spawnSync(process.execPath, [child], { input, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`the child ended with ${status}: ${stderr}`);
  }
  return JSON.parse(stdout);
}

/** 65 bytes whose last four claim 3.76 GB. */
function liar(): Uint8Array {
  const gzip = Uint8Array.from(
    gzipOf(engines.node).compress(
      Uint8Array.from({ length: 42 }, (_, index) => (index * 89) & 0xff),
      6,
    ),
  );
  expect(gzip.length).toBe(65);
  new DataView(gzip.buffer).setUint32(gzip.length - 4, 3_760_000_000, true);
  return gzip;
}

// A process each, which may have to wait for its turn on a busy machine.
describe.each(everyEngine)('one message on %s', { timeout: 60_000 }, (name) => {
  test('100 MiB of zeros in 100 KB are refused at 16 MiB', () => {
    const bomb = gzipOf(engines.node).compress(new Uint8Array(100 * mebibyte), 9);
    expect(bomb.length).toBeLessThan(110_000);
    const { outcome, grewBytes, tookMs } = costOfOpening(name, bomb);
    expect(outcome).toContain('expands to more than the 16,777,216 bytes');
    expect(grewBytes).toBeLessThan(96 * mebibyte);
    expect(tookMs).toBeLessThan(5_000);
  });

  test('65 bytes that claim 3.76 GB cost next to nothing', () => {
    const { outcome, grewBytes, tookMs } = costOfOpening(name, liar());
    expect(outcome).toContain('incorrect length');
    expect(grewBytes).toBeLessThan(8 * mebibyte);
    expect(tookMs).toBeLessThan(1_000);
  });

  test('as many members as one message holds cost little memory and at most seconds', () => {
    const empty = gzipOf(engines.node).compress(new Uint8Array(), 6);
    const members = Uint8Array.from(
      { length: 39_000 * empty.length },
      (_, index) => empty[index % empty.length] ?? 0,
    );
    const { outcome, grewBytes, tookMs } = costOfOpening(name, members);
    expect(outcome).toBe('opened');
    expect(grewBytes).toBeLessThan(256 * mebibyte);
    expect(tookMs).toBeLessThan(10_000);
  });
});
