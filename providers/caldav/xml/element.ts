/** A parsed XML element: its name, its text with all CDATA sections joined, and its children. */

export interface XmlElement {
  /** Clark notation. */
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
  readonly attributes: Readonly<Record<string, string>>;
}

export const childNamed = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((child) => child.name === name);

/** The local part of a Clark name. */
export const localName = (name: string): string => name.slice(name.indexOf('}') + 1);
