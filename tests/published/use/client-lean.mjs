import { createServer } from 'node:http';
import { createLeanClient, createLeanQueue } from '@sqskit/client/lean';

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    const MD5OfMessageBody = '0cc175b9c0f1b6a831c399e269772661';
    response.end(JSON.stringify({ Successful: [{ Id: '0', MessageId: 'm', MD5OfMessageBody }] }));
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = createLeanClient({
  endpoint: `http://127.0.0.1:${server.address().port}`,
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
});
const queue = createLeanQueue(client, 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders');
console.log(JSON.stringify(await queue.sendBatch([{ body: 'a' }])));
await client.close();
await new Promise((resolve) => server.close(resolve));
