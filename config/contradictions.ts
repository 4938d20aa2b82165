/** Combinations of settings that cannot work, each right by itself. */
import {
  parseKey,
  serviceNames,
  settings,
  type ConfigProblem,
  type ServiceName,
  type SettingKey,
  type Values,
} from './schema.ts';

/** A combination that cannot work. It is looked for only when every setting that it reads is right by itself. */
interface Contradiction {
  readonly blame: SettingKey;
  readonly reads: readonly SettingKey[];
  readonly holds: (values: Values) => boolean;
  readonly problem: string;
  readonly fix: string;
}

const isSplit = (values: Values): boolean => {
  const { length } = servicesOf(values);
  return length > 0 && length < serviceNames.length;
};

const contradictoryValues: readonly Contradiction[] = [
  {
    blame: 'services',
    reads: [],
    holds: ({ services }) => services.length === 0,
    problem: 'it names no service',
    fix: `set it to ${settings.services.expects}`,
  },
  {
    blame: 'services',
    reads: [],
    holds: ({ services }) => services.includes('all') && services.length > 1,
    problem: 'it names all, and single services beside it',
    fix: 'name either',
  },
  {
    blame: 'natsUrl',
    reads: ['services'],
    holds: (values) => isSplit(values) && values.natsUrl === '',
    problem: 'SERVICES splits the services over processes, which cannot reach each other without it',
    fix: 'set it to a nats:// URL, or SERVICES to all',
  },
  {
    blame: 'storeUrl',
    reads: ['services'],
    holds: (values) => isSplit(values) && values.storeUrl === 'sqlite',
    problem: 'SERVICES splits the services over processes, and SQLite serves one process alone',
    fix: 'set it to a mongodb:// URL, or SERVICES to all',
  },
  {
    blame: 'keys',
    reads: ['services'],
    holds: (values) => isSplit(values) && values.keys.length === 0,
    problem: 'SERVICES splits the services over processes, and each would generate keys that the others do not have',
    fix: 'give all of them the same id:key pairs, or set SERVICES to all',
  },
  {
    blame: 'keys',
    reads: [],
    holds: ({ keys }) => new Set(keys.map((text) => parseKey(text)?.id)).size < keys.length,
    problem: 'two keys have the same id',
    fix: 'give each key an id of its own',
  },
  {
    blame: 'maxDelayMs',
    reads: ['quietMs'],
    holds: ({ quietMs, maxDelayMs }) => quietMs > maxDelayMs,
    problem: 'it is shorter than the quiet period that it bounds',
    fix: 'raise it, or lower KALENDS_QUIET_MS',
  },
];

/** Every contradiction in `values`; `wrong` names the variables whose values cannot be relied on. */
export function contradictions(values: Values, wrong: ReadonlySet<string>): ConfigProblem[] {
  return contradictoryValues
    .filter(({ blame, reads }) => [blame, ...reads].every((key) => !wrong.has(settings[key].name)))
    .filter(({ holds }) => holds(values))
    .map(({ blame, problem, fix }) => ({ name: settings[blame].name, problem, fix }));
}

/** Without repeats, in the order of their table. */
export const servicesOf = (values: Values): readonly ServiceName[] =>
  serviceNames.filter((name) => values.services.includes('all') || values.services.includes(name));
