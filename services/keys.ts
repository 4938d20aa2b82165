/** The key ring: from the settings, else from a file in the data directory that is made at the first start. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { parseKey } from '../config/schema.ts';
import { KalendsError } from '../domain/errors.ts';
import type { SealingKey } from './sealing.ts';

const fileName = 'sealing-keys';

/** Throws `configuration_invalid` when the file cannot be read as a key ring. */
export function keyRing(config: Pick<Config, 'keys' | 'dataDir'>): SealingKey[] {
  if (config.keys !== null) return config.keys.map((one) => ({ id: one.id, key: Buffer.from(one.key) }));
  const path = join(config.dataDir, fileName);
  const text = readIfThere(path) ?? makeFile(config.dataDir, path);
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const key = parseKey(line);
    if (key?.key.length !== 32) {
      throw new KalendsError(
        'configuration_invalid',
        `${path} holds a line that is not id:base64 of 32 bytes; restore the file from a backup: what was sealed with its keys cannot be opened without it`,
      );
    }
    return { id: key.id, key: Buffer.from(key.key) };
  });
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new KalendsError('configuration_invalid', `${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Written before its first use; two processes that start at once agree on whose file was first. */
function makeFile(dataDir: string, path: string): string {
  mkdirSync(dataDir, { recursive: true });
  const text = `# Kalends seals credentials with these keys. Keep a copy of this file apart from the database.\nk1:${randomBytes(32).toString('base64')}\n`;
  try {
    writeFileSync(path, text, { mode: 0o600, flag: 'wx', flush: true });
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readFileSync(path, 'utf8');
    throw error;
  }
}
