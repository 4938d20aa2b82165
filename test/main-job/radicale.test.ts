/** The main job against a real Radicale. */
import { startRadicale } from '../support/radicale.ts';
import { mainJob } from './main-job.ts';

await mainJob('Radicale', () => startRadicale());
