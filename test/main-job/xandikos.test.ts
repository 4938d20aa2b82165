/** The main job against a real Xandikos. */
import { startXandikos } from '../support/xandikos.ts';
import { mainJob } from './main-job.ts';

await mainJob('Xandikos', () => startXandikos());
