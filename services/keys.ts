/** The key ring: from the settings, else from a file in the data directory that is made at the first start. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { parseKey } from '../config/schema.ts';
import { KalendsError } from '../domain/errors.ts';
import { unusableFile } from '../domain/unusable-file.ts';
import type { Documents } from '../store/documents.ts';
import type { SealingKey } from './sealing.ts';

const fileName = 'sealing-keys';

export interface KeyRing {
  readonly keys: readonly SealingKey[];
  /**
   * To be called before anything is sealed: keeps a ring that was made new. Rejects with `configuration_invalid` where
   * the store has secrets already, which a new key would not open.
   */
  keep(documents: Documents): Promise<void>;
}

/** Makes nothing on disk. Throws `configuration_invalid` when the file cannot be read as a key ring. */
export function keyRing(config: Pick<Config, 'keys' | 'dataDir'>): KeyRing {
  if (config.keys !== null) {
    return kept(config.keys.map((one) => ({ id: one.id, key: Buffer.from(one.key) })));
  }
  const path = join(config.dataDir, fileName);
  const text = readIfThere(path);
  if (text !== null) return kept(keysIn(text, path));
  const made = `# Kalends seals credentials with these keys. Keep a copy of this file apart from the database.\nk1:${randomBytes(32).toString('base64')}\n`;
  return {
    keys: keysIn(made, path),
    keep: async (documents) => {
      if (await hasSecrets(documents)) throw lost(path);
      makeFile(config.dataDir, path, made);
    },
  };
}

const kept = (keys: readonly SealingKey[]): KeyRing => ({ keys, keep: () => Promise.resolve() });

function keysIn(text: string, path: string): readonly SealingKey[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const key = parseKey(line);
    if (key?.key.length !== 32) {
      throw new KalendsError('configuration_invalid', `${path} holds a line that is not id:base64 of 32 bytes`, {
        next: 'restore the file from a backup: what was sealed with its keys cannot be opened without it',
      });
    }
    return { id: key.id, key: Buffer.from(key.key) };
  });
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unusableFile(path, 'read', error);
  }
}

/** Every profile belongs to an application, and every application was given a secret when it was made. */
const hasSecrets = async (documents: Documents): Promise<boolean> =>
  (await documents.find('allApps', {}, { limit: 1 })).length > 0;

const lost = (path: string): KalendsError =>
  new KalendsError('configuration_invalid', `${path} is missing, and the store holds secrets that its keys sealed`, {
    next: 'restore the file from a backup, or give its keys in KALENDS_KEYS; if they are lost for good give a new one there, and connect every login again',
  });

/** Never over a file that is there: another process that shares the directory may have made it meanwhile. */
function makeFile(dataDir: string, path: string, text: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(path, text, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusableFile(path, 'written', error);
    throw new KalendsError('configuration_invalid', `another process has just made ${path}`, {
      next: 'run this again: it then uses the same keys',
    });
  }
}
