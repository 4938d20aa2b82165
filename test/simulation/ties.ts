/** The ties between people, their calendars and Kalends: passwords change, logins are disconnected and connected again, shares are withdrawn. */
import type { ProfileRequest } from '../../domain/profile.ts';
import { revise } from '../../services/ops/connect.ts';
import type { Documents } from '../../store/documents.ts';
import type { ModelServer } from '../support/caldav-model/server.ts';
import type { Scheduler } from './scheduler.ts';
import type { Member } from './cast.ts';
import type { SimulatedNode } from './node.ts';
import { calendarRefs, firstPassword, home, sharedRef, sharer } from './people.ts';

export interface Ties {
  /** The password that was last typed when this profile was connected. */
  typed(profileId: string): string;
  /** How often the share that this calendar is was taken back. */
  withdrawals(calendarId: string): number;
  /** When somebody last wrote a request into a profile, behind the back of its actor. */
  askedAtMs(): number;
  changePassword(member: Member): void;
  connectAgain(member: Member): Promise<void>;
  ask(member: Member, request: ProfileRequest): Promise<void>;
  withdrawShare(calendar: number): void;
  shareAgain(): void;
  /** Everybody is connected, with the password that is right, and sees every calendar. */
  mend(): Promise<void>;
}

export interface TiesWorld {
  readonly cast: readonly Member[];
  readonly store: () => Documents;
  readonly server: () => ModelServer;
  readonly scheduler: Scheduler;
  /** Those that hear of a nudge. */
  readonly nodes: () => readonly SimulatedNode[];
}

export function createTies({ cast, store, server, scheduler, nodes }: TiesWorld): Ties {
  const passwords = new Map<string, string>();
  const typed = new Map<string, string>();
  const withdrawals = new Map<string, number>();
  const withdrawn = new Set<string>();
  const passwordOf = (login: string): string => passwords.get(login) ?? firstPassword;
  const typedFor = (profileId: string): string => typed.get(profileId) ?? firstPassword;

  let askedAtMs = -Infinity;

  const ask = async (
    member: Member,
    request: ProfileRequest,
    fields: Parameters<typeof revise>[3] = {},
  ): Promise<void> => {
    await revise(
      {
        documents: store(),
        clock: scheduler.clock(null, () => 0),
        nudge: (profileId) => nodes().forEach((node) => node.nudge(profileId)),
      },
      member.profileId,
      request,
      fields,
    );
    askedAtMs = scheduler.now();
  };

  async function connectAgain(member: Member): Promise<void> {
    const box = passwordOf(member.login);
    typed.set(member.profileId, box);
    await ask(member, 'relinked', { credentials: { keyId: 'k', nonce: 'n', box } });
  }

  function shareAgain(): void {
    for (const ref of withdrawn) server().world.share(home + ref, sharer, 'write');
    withdrawn.clear();
  }

  return {
    typed: typedFor,
    withdrawals: (calendarId) => withdrawals.get(calendarId) ?? 0,
    askedAtMs: () => askedAtMs,
    changePassword: ({ login }) => {
      passwords.set(login, `${passwordOf(login)}!`);
      server().world.changePassword(login, passwordOf(login));
    },
    connectAgain,
    ask: (member, request) => ask(member, request),
    withdrawShare: (calendar) => {
      const ref = calendarRefs[calendar];
      if (ref === undefined || withdrawn.has(ref)) return;
      withdrawn.add(ref);
      server().world.withdrawShare(`/calendars/${sharer}/${sharedRef(ref)}`);
      for (const { app, login } of cast) {
        const id = app.calendars[calendar];
        if (login === sharer && id !== undefined) withdrawals.set(id, (withdrawals.get(id) ?? 0) + 1);
      }
    },
    shareAgain,
    mend: async () => {
      shareAgain();
      for (const member of cast) {
        const profile = await store().get('profiles', member.profileId);
        const away = profile?.state.name === 'disconnected' || profile?.state.name === 'relink_required';
        const wrong = typedFor(member.profileId) !== passwordOf(member.login);
        if (away || wrong || profile?.requests.includes('disconnect') === true) await connectAgain(member);
      }
    },
  };
}
