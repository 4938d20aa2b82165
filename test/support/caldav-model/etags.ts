/** How the etag of a version is written: strong and quoted, or as servers get it wrong. */
import type { ModelRequest } from './exchange.ts';
import type { FaultName, Faults } from './faults.ts';
import type { ModelContext } from './server.ts';
import type { ModelResource } from './state.ts';

/** Null: none is named. */
export type EtagWriter = (resource: ModelResource) => string | null;

/** In the header of an answer about one resource. */
export const etagInHeader = (context: ModelContext, request: ModelRequest): EtagWriter =>
  etagWriter(context, request, ['etags_absent']);

/** In a document. */
export const etagInRows = (context: ModelContext, request: ModelRequest): EtagWriter =>
  etagWriter(context, request, ['etags_absent', 'etags_unlisted']);

/** One way for all of an answer; whether there is one at all is asked only where one is written. */
function etagWriter({ faults }: ModelContext, request: ModelRequest, omitting: readonly FaultName[]): EtagWriter {
  const written = formOf(faults, request);
  let omits: boolean | null = null;
  return (resource) => {
    omits ??= faults.first(omitting, request) !== null;
    return omits ? null : written(resource);
  };
}

function formOf(faults: Faults, request: ModelRequest): (resource: ModelResource) => string {
  if (faults.fires('weak_etags', request) !== null) return ({ etag }) => `W/${etag}`;
  return faults.fires('bare_etags', request) === null ? ({ etag }) => etag : bareEtag;
}

/** A time in milliseconds; what follows it keeps versions of one moment apart. */
const bareEtag = ({ changedAtMs, etag }: ModelResource): string => `${changedAtMs}.${etag.replaceAll(/\D/g, '')}`;

/** Strong comparison: a weak etag names no version; the other two forms do, whichever was written last. */
export const isEtagOf = (given: string, resource: ModelResource): boolean =>
  given === resource.etag || given === bareEtag(resource);
