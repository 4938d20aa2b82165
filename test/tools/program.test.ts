/** The commands of `kalends`, as they are declared: what scripts rely on holds for each of them. */
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { program } from '../../tools/cli/program.ts';

/** Those that do something: groups alone only list what is below them. */
function doing(command: Command, path: string): readonly (readonly [string, Command])[] {
  const below = command.commands.flatMap((one) => doing(one, `${path} ${one.name()}`));
  const isGroup = below.length > 0 && command.registeredArguments.length === 0 && command.options.length === 0;
  return isGroup ? below : [[path, command], ...below];
}

it('every command takes --json, except the console', () => {
  const commands = doing(program(), 'kalends');
  expect(commands.length).toBeGreaterThan(25);
  const without = commands.filter(([, one]) => !one.options.some(({ long }) => long === '--json'));
  expect(without.map(([path]) => path)).toEqual(['kalends repl']);
});
