// What the window of zstd's level 1 costs and gains in packs of the demo's earthquakes, joined by lines as they fill 64 KiB:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/compression bench
import { readFileSync } from 'node:fs';
import { cpuUsage } from 'node:process';
import { constants, zstdCompressSync } from 'node:zlib';

const events = readFileSync(new URL('../../../apps/demo/data/earthquakes.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const packSize = 500;
const packs = Array.from({ length: 40 }, (_, pack) =>
  Buffer.from(
    Array.from(
      { length: packSize },
      (_, index) => events[(pack * packSize + index) % events.length] ?? '',
    ).join('\n'),
  ),
);
/** Of which the first warms up. */
const rounds = 12;
const windows = [17, 18, 19, 20];

const spent = windows.map((): number[] => []);
const bytes = windows.map(() => 0);
for (let round = 0; round < rounds; round++) {
  windows.forEach((windowLog, index) => {
    const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: windowLog };
    const before = cpuUsage();
    const sizes = packs.map(
      (pack) => zstdCompressSync(pack, { params, pledgedSrcSize: pack.length, chunkSize: 65_536 }).length,
    );
    const { user, system } = cpuUsage(before);
    if (round > 0) {
      spent[index]?.push((user + system) / packs.length / packSize);
    }
    bytes[index] = sizes.reduce((sum, size) => sum + size, 0) / packs.length / packSize;
  });
}

console.log('window    CPU µs/message  bytes/message');
windows.forEach((windowLog, index) => {
  const median = spent[index]?.toSorted((a, b) => a - b)[(rounds - 1) >> 1] ?? 0;
  const row = [
    `${2 ** (windowLog - 10)} KiB`.padEnd(8),
    median.toFixed(3).padStart(14),
    (bytes[index] ?? 0).toFixed(1).padStart(13),
  ];
  console.log(row.join('  '));
});
