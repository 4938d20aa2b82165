/** Reads WWW-Authenticate headers (RFC 9110 11.6.1): several headers, several challenges in one, quoted or not. */

export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A scheme, or `name = value`, or what separates them. */
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameterForm = new RegExp(`^(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`);
const schemeForm = new RegExp(`^(${token})(?:[ \\t]+|,|$)`);
/** `Negotiate abc==`: a token68 in place of parameters. */
const token68Form = /^[\w.~+/-]+=*(?=[ \t]*(?:,|$))/;

/** All challenges in order. iCloud sends two headers of which only the first is of use: none may be lost. */
export function challengesOf(headers: readonly string[]): Challenge[] {
  return headers.flatMap((header) => challengesIn(header));
}

function challengesIn(header: string): Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  let rest = header.slice(0, 8_192).trim();
  while (rest !== '') {
    const before = rest.length;
    const current = found.at(-1);
    const parameter = parameterForm.exec(rest);
    if (parameter !== null && current !== undefined) {
      const [whole, name = '', quoted, bare] = parameter;
      current.parameters[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '';
      rest = rest.slice(whole.length);
    } else {
      const scheme = schemeForm.exec(rest);
      if (scheme === null) break;
      found.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters: {} });
      rest = rest.slice((scheme[1] ?? '').length).trimStart();
      if (!parameterForm.test(rest) && !rest.startsWith(',')) rest = rest.replace(token68Form, '');
    }
    rest = rest.replace(/^[\s,]+/, '');
    if (rest.length === before) break;
  }
  return found;
}
