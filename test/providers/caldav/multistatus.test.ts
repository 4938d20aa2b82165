/** The strict parser of multistatus documents: reads what RFC 4918 allows, rejects what is cut or hostile, within bounds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../../config/policies.ts';
import { isKalendsError } from '../../../domain/errors.ts';
import { textOf, type Multistatus } from '../../../providers/caldav/xml/multistatus.ts';
import { names } from '../../../providers/caldav/xml/names.ts';
import { parseMultistatus } from '../../../providers/caldav/xml/parse.ts';
import { escapeXml } from '../../../providers/caldav/xml/bodies.ts';
import { observationOf } from '../../../providers/caldav/observe.ts';

const read = (text: string): Promise<Multistatus> => parseMultistatus(text, { breathe: () => Promise.resolve() });

const codeOf = async (text: string): Promise<string> => {
  try {
    await read(text);
    return 'accepted';
  } catch (error) {
    if (!isKalendsError(error)) throw error;
    return error.code;
  }
};

const response = (inner: string): string => `<d:response>${inner}</d:response>`;
const document = (inner: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">${inner}</d:multistatus>`;

const member = (href: string, body: string): string =>
  response(
    `<d:href>${href}</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag><c:calendar-data>${escapeXml(body)}</c:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>`,
  );

describe('the strict multistatus parser', () => {
  test('reads hrefs, statuses, properties and the sync token', async () => {
    const parsed = await read(
      document(
        `${member('/cal/a.ics', 'BEGIN & <END>')}${response('<d:href>/cal/b.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status>')}<d:sync-token> data:7 </d:sync-token>`,
      ),
    );
    expect(parsed.syncToken).toBe('data:7');
    expect(parsed.responses.map(({ href, status }) => [href, status])).toEqual([
      ['/cal/a.ics', null],
      ['/cal/b.ics', 404],
    ]);
    const [first] = parsed.responses;
    expect(first?.props.get(names.calendarBody)?.text).toBe('BEGIN & <END>');
    expect(first?.props.get(names.etag)?.text).toBe('"1"');
  });

  test('goes by namespaces, not by prefixes', async () => {
    const parsed = await read(
      '<x:multistatus xmlns:x="DAV:"><response xmlns="DAV:"><href>/a</href><y:propstat xmlns:y="DAV:"><y:status>HTTP/1.1 200 OK</y:status><y:prop><y:getetag>"e"</y:getetag><getetag xmlns="urn:other">"no"</getetag></y:prop></y:propstat></response></x:multistatus>',
    );
    expect(parsed.responses[0]?.props.get(names.etag)?.text).toBe('"e"');
    expect(await codeOf('<multistatus/>')).toBe('not_multistatus');
    expect(await codeOf('<d:multistatus xmlns:d="urn:other"/>')).toBe('not_multistatus');
    expect(await codeOf('<d:multistatus/>')).toBe('not_multistatus');
  });

  test('accepts a status before or after its properties, an empty one, a missing one, and two propstats', async () => {
    const [one] = (
      await read(
        document(
          response(
            '<d:href>/a</d:href><d:propstat><d:status>HTTP/1.1 404 Not Found</d:status><d:prop><c:schedule-tag/></d:prop></d:propstat>' +
              '<d:propstat><d:prop><d:getetag>"1"</d:getetag></d:prop><d:status></d:status></d:propstat>' +
              '<d:propstat><d:prop><d:displayname>x</d:displayname></d:prop></d:propstat><d:status/>',
          ),
        ),
      )
    ).responses;
    expect(one?.status).toBeNull();
    expect([...(one?.props.keys() ?? [])]).toEqual([names.etag, names.displayName]);
    expect(one?.refused).toEqual(new Map([[names.scheduleTag, 404]]));
  });

  test('joins text that is spread over several CDATA sections', async () => {
    const [one] = (
      await read(
        document(
          response(
            '<d:href><![CDATA[/cal/]]>a.ics</d:href><d:propstat><d:prop><c:calendar-data><![CDATA[BEGIN:VCALENDAR\n]]]]><![CDATA[>X]]>&#10;<![CDATA[END:VCALENDAR]]></c:calendar-data></d:prop></d:propstat>',
          ),
        ),
      )
    ).responses;
    expect(one?.href).toBe('/cal/a.ics');
    expect(one === undefined ? null : observationOf('a.ics', one)?.body).toBe('BEGIN:VCALENDAR\n]]>X\nEND:VCALENDAR');
  });

  test('keeps values as text, also those that look like numbers', async () => {
    const [one] = (
      await read(
        document(
          response(
            '<d:href>/a</d:href><d:propstat><d:prop><d:getetag>00012345678901234567890</d:getetag></d:prop></d:propstat>',
          ),
        ),
      )
    ).responses;
    expect(one === undefined ? null : textOf(one, names.etag)).toBe('00012345678901234567890');
  });

  test('gives each of several hrefs its status, and an empty href where there is none', async () => {
    const parsed = await read(
      document(
        response('<d:href>/a</d:href><d:href>/b</d:href><d:status>HTTP/1.1 410 Gone</d:status>') +
          response('<d:href></d:href><d:status>HTTP/1.1 200 OK</d:status>') +
          response('<d:status>HTTP/2 200</d:status>'),
      ),
    );
    expect(parsed.responses.map(({ href, status }) => [href, status])).toEqual([
      ['/a', 410],
      ['/b', 410],
      ['', 200],
      ['', 200],
    ]);
  });

  test('names the conditions of a response and of its propstats', async () => {
    const [one] = (
      await read(
        document(
          response(
            '<d:href>/a</d:href><d:propstat><d:prop/><d:error><c:valid-calendar-data/></d:error><d:status>HTTP/1.1 412 x</d:status></d:propstat><d:error><d:need-privileges/></d:error>',
          ),
        ),
      )
    ).responses;
    expect(one?.conditions).toEqual(['valid-calendar-data', 'need-privileges']);
  });

  test.each([
    ['an empty document', '', 'not_multistatus'],
    ['white space', ' \n', 'not_multistatus'],
    ['JSON', '{}', 'not_multistatus'],
    ['plain text', 'Service temporarily unavailable', 'not_multistatus'],
    ['HTML', '<html><body>Sign in</body></html>', 'not_multistatus'],
    ['HTML with a document type', '<!DOCTYPE html><html></html>', 'not_multistatus'],
    ['another root', '<d:error xmlns:d="DAV:"/>', 'not_multistatus'],
    ['a document type', `<!DOCTYPE multistatus>${document('').slice(39)}`, 'not_multistatus'],
    [
      'an entity of its own',
      '<!DOCTYPE x [<!ENTITY e "boom">]><d:multistatus xmlns:d="DAV:">&e;</d:multistatus>',
      'not_multistatus',
    ],
    ['an entity that nobody knows', document(response('<d:href>&nbsp;</d:href>')), 'malformed_multistatus'],
    ['a bare ampersand', document(response('<d:href>/a?b&c</d:href>')), 'malformed_multistatus'],
    ['a second root', document('') + document(''), 'malformed_multistatus'],
    ['trailing text', `${document('')}x`, 'malformed_multistatus'],
    ['a trailing comment that does not end', `${document('')}<!-- x`, 'malformed_multistatus'],
    ['crossed tags', document('<d:response><d:href></d:response></d:href>'), 'malformed_multistatus'],
    ['an unknown prefix', document('<x:response/>'), 'malformed_multistatus'],
    ['a control character', document(response('<d:href>/a\u0001</d:href>')), 'malformed_multistatus'],
    [
      'a status line without a status',
      document(response('<d:href>/a</d:href><d:status>fine</d:status>')),
      'malformed_multistatus',
    ],
    [
      'too many levels',
      document('<d:x>'.repeat(limits.xmlDepth) + '</d:x>'.repeat(limits.xmlDepth)),
      'malformed_multistatus',
    ],
  ])('rejects %s', async (_what, text, code) => {
    expect(await codeOf(text)).toBe(code);
  });

  test.each([
    ['a root', `<${'r'.repeat(100_000)}/>`],
    ['a tag that is not closed', document(`<d:${'r'.repeat(100_000)}>`)],
    ['an entity', document(`&${'r'.repeat(100_000)};`)],
  ])('says so in few words, however long %s is', (_what, text) => {
    return expect(read(text)).rejects.toMatchObject({ message: expect.stringMatching(/^.{20,300}$/) as string });
  });

  test.each([
    ['responses', (count: number) => '<d:response/>'.repeat(count)],
    [
      'attributes',
      (count: number) => `<d:response ${Array.from({ length: count - 1 }, (_, k) => `a${k}=""`).join(' ')}/>`,
    ],
    ['elements in one', (count: number) => `<d:response>${'<d:x/>'.repeat(count)}</d:response>`],
  ])(
    'rejects more %s than any calendar has: each costs a hundred times its bytes',
    { timeout: 120_000 },
    async (_what, inner) => {
      expect(await codeOf(document(inner(limits.xmlElements - 10)))).toBe('accepted');
      expect(await codeOf(document(inner(limits.xmlElements)))).toBe('malformed_multistatus');
    },
  );

  test('rejects a million levels without growing a million deep', async () => {
    expect(await codeOf(`<d:multistatus xmlns:d="DAV:">${'<d:x>'.repeat(1_000_000)}`)).toBe('malformed_multistatus');
  });

  const anyDocument = fc
    .record({
      members: fc.array(fc.tuple(fc.webPath(), fc.string({ unit: 'grapheme' })), { maxLength: 5 }),
      token: fc.option(fc.string()),
    })
    .map(({ members, token }) =>
      document(
        members.map(([path, body]) => member(escapeXml(path), body)).join('') +
          (token === null ? '' : `<d:sync-token>${escapeXml(token)}</d:sync-token>`),
      ),
    );

  test('rejects every proper prefix of a document, and accepts the document', async () => {
    await fc.assert(
      fc.asyncProperty(anyDocument, async (text) => {
        expect(await codeOf(text)).toBe('accepted');
        for (let end = 0; end < text.length; end += 1) {
          const code = await codeOf(text.slice(0, end));
          if (code === 'accepted') throw new Error(`accepted the first ${end} characters of ${text}`);
        }
      }),
      { seed: 42, numRuns: 25 },
    );
  });

  test('what was put in comes out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 8 }), async (bodies) => {
        const text = document(bodies.map((body, index) => member(`/${index}`, body)).join(''));
        // XML 1.0 cannot carry control characters and surrogates; line ends are normalised (2.11), unless escaped.
        const out = (await read(text)).responses.map(({ props }) =>
          escapeXml(props.get(names.calendarBody)?.text ?? ''),
        );
        expect(out).toEqual(bodies.map((body) => escapeXml(body)));
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test('reads in pieces, whole across their borders, and lets others run in between', async () => {
    const text = document(
      Array.from({ length: 3_000 }, (_, index) => member(`/cal/${index}.ics`, 'ü'.repeat(300))).join(''),
    );
    let breaths = 0;
    const breathe = (): Promise<void> => {
      breaths += 1;
      return Promise.resolve();
    };
    const { responses } = await parseMultistatus(text, { breathe });
    expect(responses.map(({ href }) => href)).toEqual(Array.from({ length: 3_000 }, (_, index) => `/cal/${index}.ics`));
    for (const { props } of responses) expect(props.get(names.calendarBody)?.text).toBe('ü'.repeat(300));
    expect(breaths).toBe(Math.ceil(text.length / (256 * 1024)) - 1);
  });
});
