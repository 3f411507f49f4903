// What it costs to make the body of a request of ten messages of 1 KB, allocated for each and in memory that is used again:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/client bench
import { RequestBodies } from '../src/request-bodies.ts';

const times = 50_000;
const text = JSON.stringify({
  Entries: Array.from({ length: 10 }, (_, index) => ({ Id: String(index), MessageBody: 'x'.repeat(1_024) })),
});

let bytes = 0;

function allocated(): void {
  bytes += Buffer.from(text).length;
}

const bodies = new RequestBodies();

function again(): void {
  const body = bodies.make(text);
  bytes += body.bytes.length;
  bodies.answered(body);
}

/** CPU time of a call, in microseconds. */
function cpuMicros(make: () => void): number {
  const before = process.cpuUsage();
  for (let made = 0; made < times; made++) {
    make();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

for (let round = 1; round <= 5; round++) {
  const each = cpuMicros(allocated).toFixed(2);
  console.log(`${round}. allocated ${each} µs, used again ${cpuMicros(again).toFixed(2)} µs`);
}
console.log(`${bytes / times / 10} bytes each`);
