/** Names of time zones as Windows, Exchange and Outlook write them, turned into IANA names. */
import { WINDOWS_TO_IANA_MAP } from 'windows-iana';

/**
 * The IANA name for a Windows name (`W. Europe Standard Time`) or an Outlook display name (`(UTC+01:00) Amsterdam,
 * Berlin, Bern, Rome, Stockholm, Vienna`); null when it is neither. Case, spaces and the offset in front do not matter.
 */
export function ianaOfWindows(name: string): string | null {
  const plain = plainName(name);
  return windowsNames.get(plain) ?? windowsNames.get(displayNames.get(plain) ?? '') ?? null;
}

/** Windows writes `(UTC+01:00)`, older versions `(GMT+01.00)`, some exports both an offset and odd spaces. */
const plainName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^\s*\((?:utc|gmt)[^)]*\)\s*/, '')
    .replaceAll('&', 'and')
    .replace(/[\s,/]+/g, ' ')
    .trim();

/** Territory 001 is the CLDR's choice where the country is not known. */
const windowsNames: ReadonlyMap<string, string> = new Map(
  WINDOWS_TO_IANA_MAP.filter((row) => row.territory === '001').map((row) => [plainName(row.windowsName), row.iana[0]]),
);

/** The display names that Outlook has put into TZID, by the Windows name that each stands for. */
const displayRows: readonly (readonly [windowsName: string, ...displayNames: string[]])[] = [
  ['utc', 'coordinated universal time', 'universal coordinated time', 'monrovia, reykjavik', 'casablanca, monrovia'],
  ['gmt standard time', 'dublin, edinburgh, lisbon, london', 'greenwich mean time : dublin, edinburgh, lisbon, london'],
  ['w. europe standard time', 'amsterdam, berlin, bern, rome, stockholm, vienna'],
  ['romance standard time', 'brussels, copenhagen, madrid, paris'],
  ['central europe standard time', 'belgrade, bratislava, budapest, ljubljana, prague'],
  [
    'central european standard time',
    'sarajevo, skopje, warsaw, zagreb',
    'sarajevo, skopje, sofija, vilnius, warsaw, zagreb',
  ],
  ['w. central africa standard time', 'west central africa'],
  ['gtb standard time', 'athens, bucharest', 'athens, bucharest, istanbul', 'athens, istanbul, minsk'],
  [
    'fle standard time',
    'helsinki, kyiv, riga, sofia, tallinn, vilnius',
    'helsinki, kiev, riga, sofia, tallinn, vilnius',
  ],
  ['e. europe standard time', 'chisinau'],
  ['turkey standard time', 'istanbul'],
  ['israel standard time', 'jerusalem'],
  ['egypt standard time', 'cairo'],
  ['south africa standard time', 'harare, pretoria'],
  ['russian standard time', 'moscow, st. petersburg', 'moscow, st. petersburg, volgograd'],
  ['arabic standard time', 'baghdad'],
  ['arab standard time', 'kuwait, riyadh'],
  ['e. africa standard time', 'nairobi'],
  ['iran standard time', 'tehran'],
  ['arabian standard time', 'abu dhabi, muscat'],
  ['azerbaijan standard time', 'baku'],
  ['georgian standard time', 'tbilisi'],
  ['caucasus standard time', 'yerevan'],
  ['afghanistan standard time', 'kabul'],
  ['ekaterinburg standard time', 'ekaterinburg'],
  ['pakistan standard time', 'islamabad, karachi'],
  ['west asia standard time', 'ashgabat, tashkent'],
  ['india standard time', 'chennai, kolkata, mumbai, new delhi'],
  ['sri lanka standard time', 'sri jayawardenepura'],
  ['nepal standard time', 'kathmandu'],
  ['central asia standard time', 'astana', 'astana, dhaka'],
  ['bangladesh standard time', 'dhaka'],
  ['myanmar standard time', 'yangon (rangoon)'],
  ['se asia standard time', 'bangkok, hanoi, jakarta'],
  ['china standard time', 'beijing, chongqing, hong kong, urumqi'],
  ['singapore standard time', 'kuala lumpur, singapore'],
  ['w. australia standard time', 'perth'],
  ['taipei standard time', 'taipei'],
  ['tokyo standard time', 'osaka, sapporo, tokyo'],
  ['korea standard time', 'seoul'],
  ['cen. australia standard time', 'adelaide'],
  ['aus central standard time', 'darwin'],
  ['e. australia standard time', 'brisbane'],
  ['aus eastern standard time', 'canberra, melbourne, sydney'],
  ['west pacific standard time', 'guam, port moresby'],
  ['tasmania standard time', 'hobart'],
  ['vladivostok standard time', 'vladivostok'],
  ['new zealand standard time', 'auckland, wellington'],
  ['fiji standard time', 'fiji', 'fiji islands, kamchatka, marshall is.'],
  ['azores standard time', 'azores'],
  ['cape verde standard time', 'cabo verde is.', 'cape verde is.'],
  ['morocco standard time', 'casablanca'],
  ['greenwich standard time', 'sao tome', 'monrovia'],
  ['e. south america standard time', 'brasilia'],
  ['argentina standard time', 'buenos aires', 'city of buenos aires'],
  ['sa eastern standard time', 'cayenne, fortaleza', 'buenos aires, georgetown'],
  ['greenland standard time', 'greenland'],
  ['newfoundland standard time', 'newfoundland'],
  ['atlantic standard time', 'atlantic time (canada)'],
  ['sa western standard time', 'georgetown, la paz, manaus, san juan'],
  ['pacific sa standard time', 'santiago'],
  ['eastern standard time', 'eastern time (us and canada)'],
  ['us eastern standard time', 'indiana (east)'],
  ['sa pacific standard time', 'bogota, lima, quito', 'bogota, lima, quito, rio branco'],
  ['central standard time', 'central time (us and canada)'],
  ['central standard time (mexico)', 'guadalajara, mexico city, monterrey'],
  ['central america standard time', 'central america'],
  ['canada central standard time', 'saskatchewan'],
  ['mountain standard time', 'mountain time (us and canada)'],
  ['us mountain standard time', 'arizona'],
  ['mountain standard time (mexico)', 'chihuahua, la paz, mazatlan', 'la paz, mazatlan'],
  ['pacific standard time', 'pacific time (us and canada)', 'pacific time (us and canada); tijuana'],
  ['pacific standard time (mexico)', 'baja california'],
  ['alaskan standard time', 'alaska'],
  ['hawaiian standard time', 'hawaii'],
  ['samoa standard time', 'samoa', 'midway island, samoa'],
];

const displayNames: ReadonlyMap<string, string> = new Map(
  displayRows.flatMap(([windowsName, ...names]) => names.map((name) => [plainName(name), windowsName] as const)),
);
