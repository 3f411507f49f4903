/** CPU time of a call, in microseconds: the median of five rounds. */
export function cpuMicros(times: number, call: () => void): number {
  const rounds = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    for (let made = 0; made < times; made++) {
      call();
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / times;
  });
  return rounds.toSorted((a, b) => a - b)[2] ?? Number.NaN;
}

/** Bodies of a batch: JSON of so many bytes, with as many quotes as JSON has. */
export function jsonBodies(bytes: number): readonly string[] {
  return Array.from({ length: 10 }, (_, sequence) => {
    const [tags, text] = [['dra', 'fea'], 'lorem ipsum '.repeat(bytes)];
    return `${JSON.stringify({ id: 'be0a5a1c', sequence, tags, text }).slice(0, bytes - 2)}"}`;
  });
}
