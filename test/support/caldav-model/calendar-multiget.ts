/** REPORT calendar-multiget (RFC 4791 section 7.9) and the ways in which servers get it wrong. */
import { unreachable } from '../../../domain/errors.ts';
import { answer, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { multistatus, sample, type PropertyName, type Row } from './multistatus.ts';
import { askingOf } from './propfind.ts';
import { rowOf, targetAt, usualProperties, type Asking } from './properties.ts';
import type { ModelContext } from './server.ts';
import { pathOf, segmentsOf, type Mount } from './state.ts';
import { caldav, child, children, dav, type XmlElement } from './xml.ts';

export function multiget(context: ModelContext, request: ModelRequest, mount: Mount, root: XmlElement): ModelAnswer {
  const asked = child(root, dav, 'prop')?.children ?? usualProperties;
  const asking = askingOf(context, request);
  const hrefs = children(root, dav, 'href').map((element) => element.text.trim());
  if (context.faults.fires('multiget_413', request, (most) => hrefs.length > most) !== null) return answer(413);
  const rows = hrefs.map((href) => rowFor(asking, mount, href, asked));
  return multistatus(asking.href, damaged(context, request, rows));
}

function rowFor(asking: Asking, mount: Mount, href: string, asked: readonly PropertyName[]): Row {
  const segments = segmentsOf(href);
  const target = targetAt(asking.context, segments);
  const unknown = /%40/.test(href) && asking.context.faults.fires('hrefs_at_escaped', asking.request) !== null;
  const inside = target?.kind === 'resource' && target.mount === mount && !unknown;
  if (inside) return rowOf(asking, target, asked);
  const [, user = '', segment = '', name] = segments;
  return { path: name === undefined ? href : pathOf(user, segment, name), status: 404 };
}

/** Whoever believes what comes out of this loses events: that is what it is for. */
function damaged(context: ModelContext, request: ModelRequest, rows: readonly Row[]): readonly Row[] {
  const { faults } = context;
  const firstMissing = rows.findIndex((row) => row.status === 404);
  if (firstMissing >= 0 && faults.fires('multiget_stops_at_missing', request) !== null) {
    return rows.slice(0, firstMissing);
  }
  const present = rows.filter((row) => row.status === undefined);
  if (present.length === 0) return rows;
  const fired = faults.first(
    ['multiget_omits', 'multiget_404_all', 'multiget_404_listed', 'multiget_empty_href', 'body_as_propstat_404'],
    request,
  );
  if (fired === null) return rows;
  const [first] = present;
  switch (fired.name) {
    case 'multiget_omits': {
      const left = sample(context, present, fired.value);
      return rows.filter((row) => !left.has(row));
    }
    case 'multiget_404_all':
      return rows.map((row) => ({ path: row.path, status: 404 }));
    case 'multiget_404_listed': {
      const refused = sample(context, present, fired.value);
      return rows.map((row) => (refused.has(row) ? { path: row.path, status: 404 } : row));
    }
    case 'multiget_empty_href':
      return rows.map((row) => (row === first ? { ...row, path: '' } : row));
    case 'body_as_propstat_404':
      return rows.map((row) => (row === first ? withoutBody(row) : row));
    default:
      return unreachable(fired.name);
  }
}

function withoutBody(row: Row): Row {
  const found = (row.found ?? []).filter((property) => !property.startsWith('<C:calendar-data'));
  return { path: row.path, found, missing: [...(row.missing ?? []), { namespace: caldav, name: 'calendar-data' }] };
}
