/** How the etag of a version is written: strong and quoted, or as servers get it wrong. */
import type { ModelRequest } from './exchange.ts';
import type { ModelContext } from './server.ts';
import type { ModelResource } from './state.ts';

/** One way for all of an answer. */
export function etagWriter({ faults }: ModelContext, request: ModelRequest): (resource: ModelResource) => string {
  if (faults.fires('weak_etags', request) !== null) return ({ etag }) => `W/${etag}`;
  return faults.fires('bare_etags', request) === null ? ({ etag }) => etag : bareEtag;
}

/** A time in milliseconds; what follows it keeps versions of one moment apart. */
const bareEtag = ({ changedAtMs, etag }: ModelResource): string => `${changedAtMs}.${etag.replaceAll(/\D/g, '')}`;

/** Strong comparison: a weak etag names no version; the other two forms do, whichever was written last. */
export const isEtagOf = (given: string, resource: ModelResource): boolean =>
  given === resource.etag || given === bareEtag(resource);
