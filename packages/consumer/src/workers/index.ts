export type { WorkersOptions } from './options.ts';
export { type WorkersHandler, workers } from './workers.ts';
