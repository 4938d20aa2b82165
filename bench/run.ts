/** `npm run bench [name…] [--quick] [--runs N] [--strict]`: a JSON line for each figure on standard output, a table beside it. */
import { caldav } from './caldav.ts';
import { gateway } from './gateway.ts';
import { idleActors } from './idle-actors.ts';
import { quarantinedFleet } from './quarantined-fleet.ts';
import { safety } from './safety.ts';
import { exitCodeOf, table, type Bench, type Figure, type Scale } from './kit/figures.ts';

const benches: Readonly<Record<string, Bench>> = {
  caldav,
  gateway,
  'idle-actors': idleActors,
  safety,
  'quarantined-fleet': quarantinedFleet,
};

const runsDefault = 5;

async function main(words: readonly string[]): Promise<void> {
  const quick = words.includes('--quick');
  const at = words.indexOf('--runs');
  const runs = at === -1 ? (quick ? 1 : runsDefault) : Number(words[at + 1]);
  const wanted = words.filter((word, index) => !word.startsWith('--') && (at === -1 || index !== at + 1));
  const unknown = wanted.filter((name) => !Object.hasOwn(benches, name));
  if (unknown.length > 0 || !Number.isSafeInteger(runs) || runs < 1) {
    say(`usage: npm run bench -- [${Object.keys(benches).join(' ')}] [--quick] [--runs N] [--strict]`);
    process.exit(2);
  }
  const all: Figure[] = [];
  const scale: Scale = { quick, runs, log: say };
  for (const [name, bench] of Object.entries(benches)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const figures = await bench(scale);
    all.push(...figures);
    for (const figure of figures) process.stdout.write(`${JSON.stringify(figure)}\n`);
    say(`\n${name}${quick ? ' (quick: these numbers mean nothing)' : ''}\n${table(figures)}\n`);
  }
  process.exitCode = exitCodeOf(all, words.includes('--strict'));
}

/** For people: standard output carries the JSON lines alone. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

await main(process.argv.slice(2));
