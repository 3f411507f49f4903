// The load server's own process. It listens on the loopback interface alone, and tells its port to its parent.
import { jobOfServer } from './fork-server.ts';
import { createLoadServer, type LoadServerOptions } from './load-server.ts';

const options = jobOfServer<LoadServerOptions>();
const server = createLoadServer(options);
server.listen(0, options.tls ? 'localhost' : '127.0.0.1', () => process.send?.(server.address()));
