/** The same scenarios over CalDAV, with a server that is wrong in one way all the time: what happens is still what should. */
import { describe, expect, test } from 'vitest';
import { play, type MakeSide } from './playing.ts';
import { day, hour } from './rig.ts';
import { scenarios } from './scenarios.ts';
import { modelSide } from './worlds.ts';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import type { Abilities } from '../../support/caldav-model/server.ts';

const stepMs = 4 * hour;

interface Trouble {
  readonly faults: readonly FaultName[];
  readonly abilities?: Partial<Abilities>;
}

const troubles: readonly Trouble[] = [
  { faults: [] },
  { faults: [], abilities: { sync: false } },
  { faults: [], abilities: { sync: false, ctag: false } },
  { faults: [], abilities: { scheduleTags: false, calendarQuery: false } },
  { faults: ['multiget_stops_at_missing'] },
  { faults: ['multiget_404_all'] },
  { faults: ['multiget_404_listed'] },
  { faults: ['multiget_omits'] },
  { faults: ['multiget_empty_href'] },
  { faults: ['multiget_413'] },
  { faults: ['body_as_propstat_404'] },
  { faults: ['initial_tells_removals', 'delta_repeats'] },
  { faults: ['token_stuck'] },
  { faults: ['token_one_second'] },
  { faults: ['token_forgotten_400'] },
  { faults: ['token_forgotten_403'] },
  { faults: ['token_forgotten_418'] },
  { faults: ['token_forgotten_500'] },
  { faults: ['token_forgotten_full_list'] },
  { faults: ['pages_507'] },
  { faults: ['limit_refused_507'] },
  { faults: ['removals_as_propstat_404'] },
  { faults: ['hrefs_escaped'] },
  { faults: ['put_failure_in_207'] },
  { faults: ['put_without_etag', 'weak_etags'] },
  { faults: ['duplicate_uids_accepted', 'delete_404'] },
  { faults: ['clock_skew'] },
  { faults: ['statuses_empty', 'props_in_two_propstats', 'token_number'] },
  { faults: ['status_before_props', 'missing_href_mangled', 'bodies_in_two_cdata', 'content_type_wrong'] },
  { faults: ['hrefs_at_escaped', 'allprop_500', 'query_without_component_400', 'put_without_end_403'] },
  { faults: ['put_deleted_uid_400', 'delete_third_403', 'put_uid_elsewhere_409'] },
  { faults: ['put_adds_alarm', 'reads_add_alarm'] },
  { faults: ['put_drops_alarms'] },
  { faults: ['uid_aliased_changes'] },
  { faults: ['uid_aliased_moves'] },
  { faults: ['token_zero'] },
  { faults: ['bare_etags'] },
  { faults: ['etags_unlisted'] },
];

const sideWith =
  ({ faults, abilities }: Trouble): MakeSide =>
  (clock, random) => {
    const side = modelSide(clock, random);
    Object.assign(side.server.abilities, abilities);
    for (const name of faults) side.server.faults.set(name, { always: true });
    return side;
  };

const nameOf = ({ faults, abilities }: Trouble): string =>
  [...faults, ...Object.keys(abilities ?? {}).map((one) => `no ${one}`)].join(', ') || 'nothing wrong';

describe.each(troubles.map((trouble) => ({ name: nameOf(trouble), trouble })))('$name', ({ trouble }) => {
  const side = sideWith(trouble);

  test.each(scenarios.filter((one) => one.zones === undefined))('$name', { timeout: 120_000 }, async (scenario) => {
    // Where removals are never told, the listing that a week brings finds them.
    const ms = trouble.faults.includes('token_forgotten_full_list') ? 8 * day : stepMs;
    const honest = await play(scenario, [], ms, (clock, random) => modelSide(clock, random));
    const told = await play(scenario, [], ms, side);
    expect({ ...told, passages: [] }).toEqual({ ...honest, passages: [] });
  });
});
