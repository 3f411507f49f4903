// The load server's own process, so that its CPU time is not the client's. It listens on the loopback interface alone,
// tells its port to its parent, and lives exactly as long as the parent's end of the channel.
import { createLoadServer } from './load-server.ts';
import type { StartOptions } from './start-load-server.ts';

process.on('SIGINT', () => undefined); // Ctrl-C goes to every process of the terminal: the parent ends this one
process.on('disconnect', () => process.exit(0));

const { endless, ...options }: StartOptions = JSON.parse(process.argv[2] ?? '');
const server = createLoadServer({ ...options, ...(endless && { supply: await kilobyteTexts() }) });
server.listen(0, options.tls ? 'localhost' : '127.0.0.1', () => process.send?.(server.address()));

/** Imports what it takes only where it is wanted. */
async function kilobyteTexts(): Promise<readonly string[]> {
  const { kilobytes } = await import('../data.ts');
  return kilobytes().map((body) => JSON.stringify(body));
}
