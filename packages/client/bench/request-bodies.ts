// What it costs to make the body of a request of ten messages of 1 KB, allocated for each and in memory that is used again:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/client bench
import { JsonWriter } from '../src/json-writer.ts';
import { RequestBodies } from '../src/request-bodies.ts';
import { cpuMicros, jsonBodies } from './cpu-micros.ts';

const times = 20_000;
const input = { Entries: jsonBodies(1_024).map((MessageBody, Id) => ({ Id: String(Id), MessageBody })) };
const writer = new JsonWriter();
const bodies = new RequestBodies();

let bytes = 0;
const allocated = cpuMicros(times, () => {
  bytes += Buffer.from(writer.write(input) ?? '').length;
});
const again = cpuMicros(times, () => {
  const body = bodies.make(input);
  bytes += body.bytes.length;
  bodies.answered(body);
});
console.log(
  `a body of ${(bytes / times / 10).toFixed(0)} bytes, allocated: ${allocated.toFixed(2)} µs, in memory that is used again: ${again.toFixed(2)} µs`,
);
