/** `kalends connect`: connects a login for an application and prints one JSON line with its ids and an access token. */
import { Command } from 'commander';
import { text } from 'node:stream/consumers';
import { KalendsError } from '../../domain/errors.ts';
import type { ConnectInput } from '../../services/ops/connect.ts';
import { withOperator } from './operator.ts';
import { settingsOf } from './settings.ts';

interface CalDavOptions {
  readonly url: string;
  readonly username: string;
  readonly app: string;
  readonly timeZone?: string;
  readonly passwordStdin?: boolean;
}

const zoneOption = [
  '--time-zone <name>',
  'IANA name of the zone that the person lives in; of this machine where it is new',
] as const;

export const connectCommand = (): Command =>
  new Command('connect')
    .description('connect a login for an application')
    .option('--json', 'print complaints as JSON; the answer always is')
    .addCommand(
      new Command('caldav')
        .description('a CalDAV account: a host name, an e-mail address or a URL')
        .requiredOption('--url <address>', 'host name, e-mail address or URL of the calendar server')
        .requiredOption('--username <name>', 'user name at the calendar server')
        .requiredOption('--app <name>', 'the application that the account belongs to; made when it is new')
        .option('--password-stdin', 'read the password from standard input')
        .option(...zoneOption)
        .option('--json', 'print complaints as JSON; the answer always is')
        .action(connectCalDav),
    )
    .addCommand(
      new Command('application')
        .description('an application calendar: events that live in Kalends alone')
        .requiredOption('--name <name>', 'a name of your choice; the same name gives the same calendar')
        .requiredOption('--app <name>', 'the application that the calendar belongs to; made when it is new')
        .option(...zoneOption)
        .option('--json', 'print complaints as JSON; the answer always is')
        .action((options: { name: string; app: string; timeZone?: string }) =>
          connect({
            provider: 'cronofy',
            app: options.app,
            address: options.name,
            credentials: { kind: 'none' },
            ...zoneIn(options),
          }),
        ),
    );

async function connectCalDav(options: CalDavOptions): Promise<void> {
  if (options.passwordStdin !== true) {
    throw new KalendsError('invalid_input', 'no password was given', {
      next: 'give it on standard input and say --password-stdin: on the command line other users of this machine could read it',
    });
  }
  const password = (await text(process.stdin)).replace(/\r?\n$/, '');
  const { url: address, username, app } = options;
  const credentials = { kind: 'password', username, password } as const;
  await connect({ provider: 'caldav', app, address, credentials, ...zoneIn(options) });
}

const zoneIn = ({ timeZone }: { readonly timeZone?: string }) => (timeZone === undefined ? {} : { timeZone });

async function connect(input: ConnectInput): Promise<void> {
  const outcome = await withOperator(settingsOf(), (call) => call('ops.connect', input));
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
