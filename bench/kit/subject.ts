/** A subject: what is measured, in a process of its own. */

/** What a subject can be asked: parameters and answers are plain JSON. */
export type SubjectActions = Readonly<Record<string, (params: never) => Promise<unknown>>>;

export interface Question {
  readonly id: number;
  readonly action: string;
  readonly params: object;
}

export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: string };
