import { createMemorySink, createMetrics } from '@sqskit/metrics';

const sink = createMemorySink();
const metrics = createMetrics([sink]);
metrics.counter('Sent').add(3);
await metrics.close();
console.log(JSON.stringify(sink.find('Sent').map(({ value }) => value)));
