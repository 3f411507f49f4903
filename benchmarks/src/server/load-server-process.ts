// The load server's own process, so that its CPU time is not the client's. It listens on the loopback interface alone,
// tells its port to its parent, and lives exactly as long as the parent's end of the channel.
import { createLoadServer, type LoadServerOptions } from './load-server.ts';

process.on('SIGINT', () => undefined); // Ctrl-C goes to every process of the terminal: the parent ends this one
process.on('disconnect', () => process.exit(0));

const options: LoadServerOptions = JSON.parse(process.argv[2] ?? '');
const server = createLoadServer(options);
server.listen(0, options.tls ? 'localhost' : '127.0.0.1', () => process.send?.(server.address()));
