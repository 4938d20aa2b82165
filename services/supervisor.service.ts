/** The supervisor service: nudges from anywhere reach the actors of this node. */
import type { Context, ServiceSchema } from 'moleculer';
import type { Host } from '../actors/runtime/host.ts';
import type { Sentinel } from '../actors/sentinel/sentinel.ts';
import type { Lane } from '../actors/runtime/behaviour.ts';
import type { ProfileId } from '../domain/ids.ts';

export interface Nudge {
  readonly profileId: ProfileId;
  readonly lane: Lane;
}

/** Event `supervisor.nudge`: look at your state; ids only. Event `supervisor.breakers`: an operator moved one. */
export function createSupervisorService(host: Host<ProfileId>, sentinel: Pick<Sentinel, 'flush'>): ServiceSchema {
  return {
    name: 'supervisor',
    events: {
      // Rejects into the log of the broker; the next flush makes up for it.
      'supervisor.breakers': () => sentinel.flush(),
      'supervisor.nudge': (ctx: Context<Nudge>) => host.nudge(ctx.params.profileId, ctx.params.lane),
    },
  };
}
