/** What speaks MongoDB's protocol to tests on this machine: chosen here for those who install it and those who start it. */
import { locate } from './locate.ts';
import { run } from './run.ts';

export type MongoChoice =
  | { readonly kind: 'given'; readonly url: string }
  | { readonly kind: 'mongod' | 'docker'; readonly command: string }
  /** A wire-compatible stand-in, which Maven brings and Java runs. */
  | { readonly kind: 'java' };

/** In the order of preference: a server that somebody named, `mongod`, a container, Java and Maven. */
export async function chooseMongo(): Promise<MongoChoice> {
  const given = process.env['KALENDS_TEST_MONGO_URI'] ?? '';
  if (given !== '') return { kind: 'given', url: given };
  const mongod = locate('mongod');
  if (mongod !== null) return { kind: 'mongod', command: mongod };
  const docker = locate('docker');
  // The client alone says nothing: its daemon may not run.
  if (docker !== null && (await run(docker, ['version', '--format', '{{.Server.Version}}'], {}, 5_000)).ok)
    return { kind: 'docker', command: docker };
  return { kind: 'java' };
}
