// One run of one case, in a process that has done nothing else; tells its parent what came out.
import type { MeasureJob } from './measure.ts';
import { caseOf } from './scenarios/all.ts';

const { scenario, name, load, target }: MeasureJob = JSON.parse(process.argv[2] ?? '');
const figures = await caseOf(scenario, name).measure(load, target);
process.send?.(figures);
process.disconnect?.(); // or the channel would keep this process
