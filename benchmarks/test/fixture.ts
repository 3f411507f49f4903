import type { Results, ScaleName } from '../src/results.ts';

/** A run of `sustained` in which the parts that matter can be chosen. */
export function resultsWith(
  rates: { readonly ours: readonly number[]; readonly squiss: number },
  scale: ScaleName = 'full',
): Results {
  return {
    startedAt: '2026-11-24T06:00:00.000Z',
    seconds: 90,
    scale,
    machine: { cpu: 'A Processor', cores: 2, memoryGib: 8, os: 'Linux 6.1' },
    versions: { 'Node.js': '24.21.0', 'squiss-ts': '5.6.0' },
    scenarios: [
      {
        name: 'sustained',
        startedAt: '2026-11-24T06:00:00.000Z',
        messages: 4_000,
        warmUp: 1_000,
        cases: [
          {
            name: 'sqskit',
            rounds: rates.ours.map((messagesPerSecond) => ({ messagesPerSecond, cpuMicros: 80 })),
          },
          { name: 'squiss-ts', rounds: [{ messagesPerSecond: rates.squiss, cpuMicros: 100 }] },
        ],
      },
    ],
  };
}
