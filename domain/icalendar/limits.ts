/** How much of a body is read at all, so that a hostile one costs a bounded amount of time and memory. */

/** UTF-16 units of one resource. An answer about it alone ends at 4 MiB; among others it may be as long as they are together. */
export const maxCharacters = 4 * 1024 * 1024;
/** Logical lines; 5,000 exceptions of 30 lines fit. */
export const maxLines = 200_000;
/** A line's name and parameters: ical.js looks for the value again at each parameter, so the cost grows by the square. */
export const maxHead = 8_192;
/** Components inside components; real files stay at 4 (VCALENDAR, VEVENT, VALARM, VLOCATION). */
export const maxDepth = 16;
/** VEVENTs of one resource: a master and its exceptions. */
export const maxEvents = 5_000;
/** Values of RDATE and EXDATE together. */
export const maxDates = 20_000;

/** What is said of a resource that cannot be read is kept with it, and logged: names inside it may be as long as itself. */
export const detailCharactersMax = 200;
