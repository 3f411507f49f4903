// Apart, because it needs piscina.
export { type WorkersHandler, type WorkersOptions, workers } from '@sqskit/consumer/workers';
