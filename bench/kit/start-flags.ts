/** How people start Kalends: memory is measured with the same options of Node as theirs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What stands between `node` and the file in the script `start` of package.json. */
export function startFlags(): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8');
  const { scripts } = JSON.parse(text) as { scripts: { start: string } };
  const found = /^node((?: --\S+)*) \S+\.(?:js|ts) /.exec(scripts.start);
  if (found === null) throw new Error(`the script start has another form than expected: ${scripts.start}`);
  return (found[1] ?? '').split(' ').filter((flag) => flag !== '');
}
