// What it costs to make the JSON of a batch of ten, as bytes: by JSON.stringify and a buffer, and by the writer.
import { JsonWriter } from '../src/json-writer.ts';
import { cpuMicros, jsonBodies } from './cpu-micros.ts';

const times = 20_000;
const memory = Buffer.allocUnsafeSlow(1_048_576);
const writer = new JsonWriter();

let bytes = 0;
for (const size of [200, 1_024, 16_384]) {
  const input = { Entries: jsonBodies(size).map((MessageBody, Id) => ({ Id: String(Id), MessageBody })) };
  const count = Math.ceil((times * 200) / size);
  const stringified = cpuMicros(count, () => {
    bytes += memory.write(JSON.stringify(input));
  });
  const written = cpuMicros(count, () => {
    bytes += writer.write(input)?.length ?? 0;
  });
  console.log(
    `JSON of ten bodies of ${size} bytes: stringified ${stringified.toFixed(2)} µs, written ${written.toFixed(2)} µs`,
  );
}
console.log(`${bytes} bytes in all`);
