import { json, plain, text } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { type ContractCase, codecContract, envelopeContract } from '../src/index.ts';

const titled = (cases: readonly ContractCase[]) => cases.map(({ name, run }) => [name, run] as const);

describe('the plain envelope', () => {
  test.each(titled(envelopeContract({ createEnvelope: plain })))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('the JSON codec', () => {
  const samples = [{ a: [1, null, 'é'] }, 'text', 0, null];
  const malformed = ['{', Uint8Array.from([0xff])];
  test.each(titled(codecContract({ createCodec: json, samples, malformed })))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('the text codec', () => {
  const samples = ['', 'é 🚀', '\ufeffmarked'];
  const malformed = [Uint8Array.from([0xff])];
  test.each(titled(codecContract({ createCodec: text, samples, malformed })))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
