/** What an action of the plan does to the world of a seed. */
import { allScopes } from '../../domain/account.ts';
import { unreachable } from '../../domain/errors.ts';
import type { Documents } from '../../store/documents.ts';
import type { ModelRequest } from '../support/caldav-model/exchange.ts';
import { below, pick, type Seeded } from '../support/seeded.ts';
import { isListing, isWrite, occasionsOf, statesMet, type Ambush } from './ambush.ts';
import type { Application } from './application.ts';
import type { Member, Party } from './cast.ts';
import type { WebhookTrouble } from './endpoint.ts';
import type { Fleet } from './fleet.ts';
import type { Ownership } from './ownership.ts';
import { hereApp, type Action } from './plan.ts';
import type { Simulation } from './simulation.ts';
import type { Ties } from './ties.ts';

/** What goes wrong, or is brought about, from now on. */
export interface Troubles {
  readonly store: ('refused' | 'answer_lost')[];
  readonly webhook: WebhookTrouble[];
  readonly occasions: Occasion[];
  nudgesLost: boolean;
  /** A person removes what the next PUT makes whose answer is lost. */
  removesUnseen: boolean;
  addsMeanwhile: boolean;
}

export interface Occasion extends Ambush {
  readonly at: number;
}

export interface ActsWorld {
  readonly simulation: Simulation;
  readonly documents: Documents;
  readonly fleet: Fleet;
  readonly ownership: Ownership;
  readonly ties: Ties;
  readonly troubles: Troubles;
  readonly die: Seeded;
  /** Resolves when that much time has passed. */
  readonly later: (ms: number) => Promise<void>;
  readonly tellBreaker: (word: 'hold' | 'release') => Promise<void>;
  /** People did something. */
  readonly edited: () => void;
}

export interface Acts {
  actAt(action: Action, own: Seeded): Promise<void>;
  mayWrite(party: Party, granted: boolean): Promise<void>;
}

export function createActs(world: ActsWorld): Acts {
  const { simulation, documents, fleet, ownership, ties, troubles, die } = world;
  const { watch, cast, here, server, scheduler } = simulation;

  /** Others write while the owner is cut off, and before it has heard that it is. */
  function cutOff(app: Application, own: Seeded): void {
    const owner = fleet.cutOff();
    for (const laterMs of [11_000, 14_000, 30_000])
      void world.later(laterMs).then(() => simulation.as(app, owner, (node) => app.write(node, own)));
  }

  async function hoursPass({ hours, until }: Extract<Action, { kind: 'hours_pass' }>): Promise<void> {
    const endMs = scheduler.now() + hours * 3_600_000;
    const isReached = (): boolean => {
      if (until === null) return false;
      const { profileId, app } = asMember(until.app);
      const states = [
        `profile ${watch.profileState(profileId)}`,
        ...app.calendars.map((id) => `calendar ${watch.calendarState(profileId, id)}`),
      ];
      return states.includes(until.state);
    };
    while (scheduler.now() < endMs && !isReached() && watch.violations.length === 0) await simulation.step();
  }

  async function daysPass(days: number): Promise<void> {
    const comeBack = await fleet.allDie();
    const endMs = scheduler.now() + days * 86_400_000;
    // Somebody has to wait, or no time would pass.
    void world.later(days * 86_400_000);
    while (scheduler.now() < endMs && watch.violations.length === 0) await simulation.step();
    comeBack();
  }

  const asMember = (index: number): Member => cast[index] ?? pick(die, cast);
  const asParty = (index: number): Party => (index === hereApp ? here : asMember(index));

  async function mayWrite({ app }: Party, granted: boolean): Promise<void> {
    const grant = await documents.get('grants', app.caller.grantId);
    if (grant === null) return;
    const scopes = granted ? allScopes : readingScopes;
    await watch.store.replace('grants', { ...grant, scopes, rev: grant.rev + 1 }, grant.rev);
  }

  async function actAt(action: Action, own: Seeded): Promise<void> {
    switch (action.kind) {
      case 'person':
        simulation.trace(`           ${simulation.people.act(action.deed, own)}`);
        if (action.deed === 'move_managed') watch.breaker.came('a person moves what an application wrote');
        return world.edited();
      case 'write':
      case 'remove':
      case 'remove_all': {
        const { app } = asParty(action.app);
        const act = { write: app.write, remove: app.remove, remove_all: app.removeAll }[action.kind];
        return simulation.as(app, action.node, (node) => act(node, own));
      }
      case 'write_many': {
        // Nobody waits for the answer to one before the next is sent, and they may come in at two nodes.
        for (let n = 2 + below(own, 6); n > 0; n -= 1) {
          const act = own() < 0.75 ? here.app.write : here.app.remove;
          simulation.as(here.app, own() < 0.8 ? action.node : 1 - action.node, (node) => act(node, own));
        }
        return;
      }
      case 'catch_up': {
        const { app } = asParty(action.app);
        return simulation.as(app, action.node, async (node) => {
          await app.begin(node);
          await app.catchUp(node);
        });
      }
      case 'fault':
        return server.faults.set(action.fault, {
          nextN: action.times,
          ...(action.of !== undefined && { only: { matches: action.of === 'writes' ? isWrite : isListing } }),
        });
      case 'fault_lasts':
        return server.faults.set(action.fault, { always: true });
      case 'fault_ends':
        return server.faults.clear(action.fault);
      case 'ambush': {
        const { fault, state } = action;
        server.faults.set(fault, {
          nextN: 3,
          only: { matches: (request) => statesMet(watch, cast, request).includes(state) },
        });
        troubles.occasions.push(...occasionsOf(action).map((later) => ({ ...action, at: scheduler.steps + later })));
        return;
      }
      case 'store':
        return void troubles.store.push(action.trouble);
      case 'webhook':
        return void troubles.webhook.push(action.trouble);
      case 'crash':
        return fleet.doom(action);
      case 'owners':
        return ownership.move(action.owners);
      case 'remove_unseen': {
        const { app, login } = asMember(action.app);
        const matches = ({ headers }: ModelRequest): boolean => headers['if-none-match'] === '*';
        troubles.removesUnseen = true;
        server.faults.set('dropped_after_effect', { nextN: 1, only: { user: login, matches } });
        server.faults.set('put_deleted_uid_400', { nextN: 3 });
        return simulation.as(app, 0, (node) => app.write(node, own));
      }
      case 'add_meanwhile':
        troubles.addsMeanwhile = true;
        return;
      case 'set_clock':
        return fleet.setClock(action.node, action.skewMs);
      case 'cut_off':
        return cutOff(asMember(action.app).app, own);
      case 'hours_pass':
        return hoursPass(action);
      case 'days_pass':
        return daysPass(action.days);
      case 'change_password':
        return ties.changePassword(asMember(action.app));
      case 'connect_again':
        return ties.connectAgain(asMember(action.app));
      case 'withdraw_share':
        return ties.withdrawShare(action.calendar);
      case 'share_again':
        return ties.shareAgain();
      case 'breaker':
        return world.tellBreaker(action.word);
      case 'nudges_lost':
        troubles.nudgesLost = action.lost;
        return;
      case 'revoke':
      case 'grant':
        return mayWrite(asParty(action.app), action.kind === 'grant');
      case 'pull':
      case 'resync':
      case 'disconnect':
        return ties.ask(asMember(action.app), action.kind);
      default:
        return unreachable(action);
    }
  }

  return { actAt, mayWrite };
}

const readingScopes = allScopes.filter((scope) => scope.startsWith('read') || scope.startsWith('list'));
