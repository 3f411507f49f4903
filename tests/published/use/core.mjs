import { isQueueError, json, payloadBytes, plain } from '@sqskit/core';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { exponentialBackoff } from '@sqskit/core/retry';

const { payload } = await plain().seal([{ id: '1', content: json().encode({ n: 1 }), attempt: 0 }], 1024);
const { items } = await plain().open(payload);
const { region } = parseQueueUrl('https://sqs.eu-west-1.amazonaws.com/123456789012/orders');
const delayMs = exponentialBackoff({ random: () => 0.5 })(3);
let refused = false;
try {
  parseQueueUrl('nonsense');
} catch (error) {
  refused = isQueueError(error, 'queue-url-invalid');
}
console.log(
  JSON.stringify({ body: items[0].content, bytes: payloadBytes(payload), region, delayMs, refused }),
);
