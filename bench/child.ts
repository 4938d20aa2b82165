/** The process of one subject: loads what its name stands for, answers what it is asked, ends with whoever started it. */
import type { Question, Reply, SubjectActions } from './kit/subject.ts';

const subjects = {
  'caldav.kalends': () => import('./caldav/kalends.ts'),
  'caldav.raw': () => import('./caldav/raw.ts'),
  'caldav.domain': () => import('./caldav/domain-cost.ts'),
  'caldav.reading': () => import('./caldav/reading.ts'),
  'caldav.tsdav': () => import('./caldav/tsdav.ts'),
  'gateway.kalends': () => import('./gateway/kalends.ts'),
  'gateway.bare': () => import('./gateway/bare.ts'),
  'gateway.asking': () => import('./gateway/asking.ts'),
  'gateway.insert': () => import('./gateway/insert.ts'),
  'fleet.profiles': () => import('./fleet/profiles.ts'),
  'idle.actors': () => import('./idle/actors.ts'),
  'safety.syncing': () => import('./safety/syncing.ts'),
} as const satisfies Record<string, () => Promise<{ readonly subject: SubjectActions }>>;

export type SubjectName = keyof typeof subjects;

async function serve(name: SubjectName): Promise<void> {
  const { subject }: { readonly subject: SubjectActions } = await subjects[name]();
  process.on('message', (question) => void answer(subject, question as Question));
  process.once('disconnect', () => process.exit(0));
}

async function answer(subject: SubjectActions, { id, action, params }: Question): Promise<void> {
  const carryOut = subject[action];
  let reply: Reply;
  try {
    if (carryOut === undefined) throw new Error(`this subject knows no action ${action}`);
    reply = { id, result: (await carryOut(params as never)) ?? null };
  } catch (error) {
    reply = { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(reply);
}

// Messages that come before the subject is loaded wait in the channel until somebody listens.
if (process.argv[1] === import.meta.filename) await serve(process.argv[2] as SubjectName);
