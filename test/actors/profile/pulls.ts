/** What tests of pulling share: edits of many events at once, and a count of what was asked. */
import { ics } from './bodies.ts';
import type { Rig } from './rig.ts';
import { work } from './starts.ts';
import type { ModelSide, OtherSide } from './worlds.ts';

/** Of the model server's only person. */
export const home = '/calendars/alice/';
/** Requests since the log had this length. */
export const requests = (rig: Rig<ModelSide>, since: number, method = ''): number =>
  rig.other.server.log.slice(since).filter((one) => method === '' || one.method === method).length;

/** A person writes the events `from` … `to - 1`. */
export const put = (rig: Rig<OtherSide>, from: number, to: number, text = 'Event'): void => {
  for (let k = from; k < to; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `${text} ${k}`));
};
