/** Asking a profile's actor for something, and saying when nobody will do it. */
import { KalendsError } from '../../domain/errors.ts';
import type { ProfileId } from '../../domain/ids.ts';
import type { PlainRequest } from '../../domain/profile.ts';
import { revise } from './connect.ts';
import { waitsForStart, type OpsContext } from './context.ts';
import { profileOr404 } from './profiles.ts';

type AskContext = Pick<OpsContext, 'documents' | 'clock' | 'nudge' | 'turn'>;

export interface Asked {
  readonly profile_id: ProfileId;
  readonly asked: PlainRequest;
  /** Null: it is under way. */
  readonly next: string | null;
}

/** Rejects with `profile_locked` where a person has to connect again before anything can be done. */
export async function ask(context: AskContext, profileId: ProfileId, kind: PlainRequest): Promise<Asked> {
  const { state } = await profileOr404(context, profileId);
  if (state.name === 'disconnected' && kind !== 'disconnect') {
    throw new KalendsError('profile_locked', `profile ${profileId} is disconnected`, {
      ids: { profile: profileId },
      next: 'connect the same login again with `kalends connect`',
    });
  }
  await revise(context, profileId, kind);
  return { profile_id: profileId, asked: kind, next: waitsForStart(context) };
}
