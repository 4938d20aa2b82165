/** The words after the number on a status line. */
import { STATUS_CODES } from 'node:http';

export function textOfStatus(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}
