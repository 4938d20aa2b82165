/** The commands of `kalends`, as they are declared: what scripts rely on holds for each of them. */
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { program } from '../../tools/cli/program.ts';

const all = (command: Command, path: string): readonly (readonly [string, Command])[] => [
  [path, command],
  ...command.commands.flatMap((one) => all(one, `${path} ${one.name()}`)),
];

it('every command takes --json before or after its last word, except the console', () => {
  const commands = all(program(), 'kalends');
  expect(commands.length).toBeGreaterThan(25);
  const without = commands.filter(([, one]) => !one.options.some(({ long }) => long === '--json'));
  expect(without.map(([path]) => path)).toEqual(['kalends', 'kalends repl', 'kalends help']);
});
