// The emulator's own process: its CPU time is then not the pipeline's. It listens on the loopback interface alone, tells
// its port to its parent, and lives exactly as long as the parent's end of the channel.
import { buildApp } from 'fauxqs';

// Ctrl-C goes to every process of the terminal: the parent still needs the queues to finish with them.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('disconnect', () => process.exit(0));

const rttMs = Number(process.argv[2] ?? 0);
const app = buildApp({ logger: false });
if (rttMs > 0) {
  app.addHook('onRequest', (_request, _reply, done) => setTimeout(done, rttMs));
}

// A region is what a request is signed for: `Credential=<key>/<date>/<region>/sqs/aws4_request`.
let failedRegion: unknown;
process.on('message', (message: { readonly failedRegion?: unknown }) => {
  failedRegion = message.failedRegion;
});
app.addHook('onRequest', async (request, reply) => {
  const [, , region] = (/Credential=(\S+?),/.exec(request.headers.authorization ?? '')?.[1] ?? '').split('/');
  if (region !== undefined && region === failedRegion) {
    const failure = {
      __type: 'ServiceUnavailable',
      message: `${region} is away, as --fail-region asked for`,
    };
    await reply.code(503).header('content-type', 'application/x-amz-json-1.0').send(failure);
  }
});

await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ port: app.addresses().find((address) => typeof address !== 'string')?.port });
