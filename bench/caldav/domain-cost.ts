/** The other part of the floor: what it costs to parse, normalise and lay out the same bytes, with nothing stored. */
import { horizon } from '../../config/policies.ts';
import { createNormalise } from '../../domain/normalise.ts';
import { occurrencesOf } from '../../domain/occurrence.ts';
import { windowOf } from '../../domain/projection/horizon.ts';
import { ianaZone, utc } from '../../domain/time/iana.ts';
import { observationOf } from '../../providers/caldav/observe.ts';
import { parseMultistatus } from '../../providers/caldav/xml/parse.ts';
import type { SubjectActions } from '../kit/subject.ts';
import { sendForBodies, type CalendarAccess } from './raw.ts';

export interface DomainCost {
  readonly xmlMs: number;
  readonly normaliseMs: number;
  readonly expandMs: number;
  readonly totalMs: number;
  readonly resources: number;
  readonly occurrences: number;
}

async function cost(bytes: Buffer, day: string): Promise<DomainCost> {
  const startedAt = performance.now();
  const { responses } = await parseMultistatus(bytes.toString('utf8'), { breathe: () => Promise.resolve() });
  const bodies = responses.flatMap((one) => observationOf(one.href, one)?.body ?? []);
  const parsedAt = performance.now();
  const normalise = createNormalise();
  const normalised = bodies.map((body) => normalise('icalendar', body));
  const normalisedAt = performance.now();
  const window = windowOf(day, horizon);
  const fallback = ianaZone('Etc/UTC') ?? utc;
  let occurrences = 0;
  for (const one of normalised) occurrences += occurrencesOf(one, window, fallback).occurrences.length;
  const expandedAt = performance.now();
  return {
    xmlMs: parsedAt - startedAt,
    normaliseMs: normalisedAt - parsedAt,
    expandMs: expandedAt - normalisedAt,
    totalMs: expandedAt - startedAt,
    resources: bodies.length,
    occurrences,
  };
}

export const subject = {
  /** The first time with code that was never run, the second time warm. */
  measure: async ({ day, ...access }: CalendarAccess & { readonly day: string }) => {
    const bytes = await sendForBodies(access);
    const cold = await cost(bytes, day);
    return { cold, warm: await cost(bytes, day) };
  },
} satisfies SubjectActions;
