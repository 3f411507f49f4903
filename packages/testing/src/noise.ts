import { createRandom } from './random.ts';

/** Bytes that do not compress, the same for the same seed. */
export function noiseBytes(length: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** Text of ASCII characters that compresses by no more than a quarter. */
export function noise(length: number, seed: number): string {
  const bytes = noiseBytes(Math.ceil((length * 3) / 4), seed);
  return Buffer.from(bytes).toString('base64url').slice(0, length);
}
