import { createServer } from 'node:http';
import { createPooledClient, createSqsQueue, pooledHandler } from '@sqskit/client';

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(
      '{"Attributes":{"ApproximateNumberOfMessages":"7","ApproximateNumberOfMessagesNotVisible":"1","ApproximateNumberOfMessagesDelayed":"0"}}',
    );
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const endpoint = `http://127.0.0.1:${server.address().port}`;
const client = createPooledClient({
  endpoint,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
});
const depth = await createSqsQueue(client, 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders').depth();
await client.close();
await new Promise((resolve) => server.close(resolve));
console.log(JSON.stringify({ depth, handler: typeof pooledHandler().handle }));
