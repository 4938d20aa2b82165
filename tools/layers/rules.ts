/** Who may import whom, as sentences and as patterns over paths. */

export interface LayerRule {
  readonly name: string;
  /** Paths relative to the root, without extension. */
  readonly from: RegExp;
  readonly to: RegExp;
  /** Imports of types alone are allowed. */
  readonly typesAllowed?: boolean;
}

const ours = '(actors|bench|config|domain|providers|services|store|test|tools|web)/';

export const layerRules: readonly LayerRule[] = [
  { name: 'domain imports nothing of ours but domain', from: /^domain\//, to: new RegExp(`^(?!domain/)${ours}`) },
  { name: 'config imports domain alone', from: /^config\//, to: new RegExp(`^(?!config/|domain/)${ours}`) },
  {
    name: 'providers import config and domain alone',
    from: /^providers\//,
    to: new RegExp(`^(?!providers/|domain/|config/)${ours}`),
  },
  {
    name: 'store imports config and domain alone',
    from: /^store\//,
    to: new RegExp(`^(?!store/|domain/|config/)${ours}`),
  },
  {
    name: 'actors import config, domain and the ports of providers and store as types',
    from: /^actors\//,
    to: /^(providers|store)\//,
    typesAllowed: true,
  },
  {
    name: 'actors import neither services nor what is above them',
    from: /^actors\//,
    to: /^(services|web|tools|test|bench)\//,
  },
  {
    name: 'engines are built in services/wiring.ts alone',
    from: /^(?!services\/wiring$|store\/engines\/|test\/|bench\/)/,
    to: /^store\/engines\//,
  },
  {
    name: 'projections are written by store/commit alone',
    from: /^(?!store\/commit$|test\/|bench\/)/,
    to: /^store\/projection-target$/,
  },
  {
    name: 'providers are built in services/wiring.ts alone',
    from: /^(?!services\/wiring$|providers\/|test\/|bench\/)/,
    to: /^providers\/(caldav|application)\//,
  },
  {
    name: 'Moleculer lives in services, moleculer.config.ts and the REPL',
    from: /^(?!services\/|moleculer\.config$|tools\/cli\/(?:console|repl-command)$|test\/|bench\/)/,
    to: /^node_modules\/moleculer/,
  },
  { name: 'services import neither tools nor web', from: /^services\//, to: /^(web|tools)\// },
  { name: 'web imports nothing of ours', from: /^web\//, to: new RegExp(`^(?!web/)${ours}`) },
  {
    name: 'nothing imports test or bench',
    from: /^(?!test\/|bench\/|vitest\.config$|tools\/(demo|test|pages\/mutations))/,
    to: /^(test|bench)\//,
  },
];
