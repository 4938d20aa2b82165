/** What the operating system says of the data directory and its files, in the words of Kalends. */
import { KalendsError } from './errors.ts';

const ofPermission = new Set(['EACCES', 'EPERM']);

/** An operator's to mend, so it names the path, the reason, and what to do about it. */
export function unusableFile(path: string, does: 'read' | 'written', error: unknown): KalendsError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = ofPermission.has(code ?? '') ? `this user may not (${code ?? ''})` : message;
  const next = ofPermission.has(code ?? '')
    ? 'run this as the user who runs Kalends, give that user the data directory, or name another one with KALENDS_DATA_DIR'
    : 'see that the data directory can be made and written, or name another one with KALENDS_DATA_DIR';
  return new KalendsError('configuration_invalid', `${path} cannot be ${does}: ${why}`, { next, cause: error });
}

/** Whether it is about a file at all: what the system refused names its call. */
export const isOfFile = (error: unknown): boolean =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
