// Reads fuzzed messages and says what came of them; ends with 1 where something came out that must not:
//
//     npx -y pnpm@12.21.0 fuzz [--inputs 100000] [--seed 1]
import { parseArgs } from 'node:util';
import { maxOutputBytes } from './corpus.ts';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'), // pnpm passes it on
  options: { inputs: { type: 'string', default: '100000' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const report = await fuzz({ inputs: Number(values.inputs), seed });

const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');
console.log(`${grouped(report.inputs)} inputs of seed ${seed}, on Node ${process.versions.node}`);
for (const [kind, { opened, refused }] of report.counts) {
  console.log(
    `  ${kind.padEnd(17)} ${grouped(opened).padStart(7)} opened  ${grouped(refused).padStart(7)} refused`,
  );
}
console.log(
  `most bytes out of one input: ${grouped(report.mostOutputBytes)}, where ${grouped(maxOutputBytes)} are allowed`,
);
console.log(
  `memory grew by at most ${grouped(report.mostGrowthBytes)} bytes over one input, by ${grouped(report.growthBytes)} over all`,
);
console.log(`most CPU time of one input: ${report.mostCpuMs.toFixed(1)} ms`);
for (const failure of report.failures.slice(0, 20)) {
  console.error(failure);
}
console.log(`${grouped(report.failures.length)} failures`);
process.exitCode = report.failures.length === 0 ? 0 : 1;
