import assert from 'node:assert/strict';
import type { Codec, Content } from '@sqskit/core';
import type { ContractCase } from './contract.ts';

/** How the suite reaches an implementation of `Codec`. */
export interface CodecHarness<T> {
  createCodec(): Codec<T>;
  /** Values to carry. Compared by `assert.deepStrictEqual`, or by `equals`. */
  readonly samples: readonly T[];
  /** Contents that the codec must refuse to decode, by throwing. Default: none. */
  readonly malformed?: readonly Content[] | undefined;
  /** Whether a decoded value is the same as the sample. Default: deep, strict equality. */
  readonly equals?: ((decoded: T, sample: T) => boolean) | undefined;
}

/** What every `Codec` does. */
export function codecContract<T>(harness: CodecHarness<T>): readonly ContractCase[] {
  const { samples, malformed = [] } = harness;
  assert.ok(samples.length > 0, 'codecContract needs samples');

  const assertSame = (decoded: T, sample: T, how: string): void => {
    if (harness.equals === undefined) {
      assert.deepStrictEqual(decoded, sample, `${how} the value is the same`);
    } else {
      assert.ok(harness.equals(decoded, sample), `${how} the value is the same`);
    }
  };
  const forEachSample = (check: (codec: Codec<T>, sample: T) => void) => async (): Promise<void> => {
    const codec = harness.createCodec();
    for (const sample of samples) {
      check(codec, sample);
    }
  };

  const cases: ContractCase[] = [
    {
      name: 'encodes to text or bytes, at once',
      run: forEachSample((codec, sample) => {
        const content = codec.encode(sample);
        assert.ok(
          typeof content === 'string' || content instanceof Uint8Array,
          'encode gives a string or a Uint8Array, not a promise of one',
        );
      }),
    },
    {
      name: 'decodes what it encoded',
      run: forEachSample((codec, sample) => {
        assertSame(codec.decode(codec.encode(sample)), sample, 'decoded');
      }),
    },
    {
      name: 'decodes from bytes what it encoded as text',
      run: forEachSample((codec, sample) => {
        assertSame(codec.decode(asBytes(codec.encode(sample))), sample, 'decoded from bytes');
      }),
    },
    {
      name: 'decodes bytes that are a part of a larger buffer',
      run: forEachSample((codec, sample) => {
        const bytes = asBytes(codec.encode(sample));
        const larger = new Uint8Array(bytes.length + 20).fill(0x7b);
        larger.set(bytes, 10);
        assertSame(codec.decode(larger.subarray(10, 10 + bytes.length)), sample, 'decoded from a view');
      }),
    },
    {
      name: 'gives the same content for the same value, and decodes what another instance encoded',
      run: forEachSample((codec, sample) => {
        const other = harness.createCodec();
        assert.deepStrictEqual(asBytes(codec.encode(sample)), asBytes(codec.encode(sample)));
        assertSame(other.decode(codec.encode(sample)), sample, 'decoded by another instance');
      }),
    },
    {
      name: 'leaves the value and the content as they are',
      run: forEachSample((codec, sample) => {
        const before = asBytes(codec.encode(sample)).slice();
        const content = codec.encode(sample);
        codec.decode(content);
        assert.deepStrictEqual(asBytes(content), before, 'decoding does not change the content');
        assert.deepStrictEqual(asBytes(codec.encode(sample)), before, 'encoding does not change the value');
      }),
    },
  ];
  if (malformed.length > 0) {
    cases.push({
      name: 'throws on content that it cannot read',
      run: async () => {
        for (const content of malformed) {
          assert.throws(() => harness.createCodec().decode(content), 'malformed content is not decoded');
        }
      },
    });
  }
  return cases;
}

function asBytes(content: Content): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
}
