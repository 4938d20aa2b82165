/** How much memory this process holds, and the most that it ever held: what was given back meanwhile is in that. */
import { existsSync, readFileSync } from 'node:fs';

export interface Resident {
  readonly nowBytes: number;
  readonly peakBytes: number;
}

const status = '/proc/self/status';

/** The peak that `getrusage` knows begins with what the process was forked from, where Linux knows better. */
export const resident: () => Resident = existsSync(status)
  ? () => {
      const text = readFileSync(status, 'latin1');
      return { nowBytes: bytesOf(text, /^VmRSS:\s+(\d+) kB$/m), peakBytes: bytesOf(text, /^VmHWM:\s+(\d+) kB$/m) };
    }
  : () => ({ nowBytes: process.memoryUsage.rss(), peakBytes: process.resourceUsage().maxRSS * 1_024 });

function bytesOf(text: string, line: RegExp): number {
  const [, kilobytes] = line.exec(text) ?? [];
  if (kilobytes === undefined) throw new Error(`${status} has no line like ${line.source}`);
  return Number(kilobytes) * 1_024;
}
