/** The main job against a real Cyrus. */
import { startCyrus } from '../support/cyrus.ts';
import { mainJob } from './main-job.ts';

await mainJob('Cyrus', () => startCyrus());
