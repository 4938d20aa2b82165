/** A model of the store in a Map, and random operations that an engine must answer as the model does. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { unreachable } from '../../domain/errors.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { Documents } from '../../store/documents.ts';
import { intent, profileId } from './samples.ts';

/** One call; `id` is also the place of the document's `_id`, `owner` and `n` its unique key. */
export type Call =
  | { readonly call: 'insert' | 'upsert'; readonly document: IntentDoc }
  | { readonly call: 'insertMany' | 'upsertMany'; readonly documents: readonly IntentDoc[] }
  | { readonly call: 'replace'; readonly document: IntentDoc; readonly expectedRev: number }
  | { readonly call: 'remove'; readonly ids: readonly string[] }
  | { readonly call: 'removeOpen'; readonly open: 0 | 1; readonly before: string }
  | {
      readonly call: 'find';
      readonly owners: readonly string[];
      readonly open: 0 | 1;
      readonly limit: number;
      readonly descending: boolean;
    }
  | { readonly call: 'count'; readonly owner: string; readonly from: number }
  | { readonly call: 'getMany'; readonly ids: readonly string[] };

const owners = ['a', 'b', 'c'];
const ids = ['1', '2', '3', '4', '5', '6'];
const small = fc.integer({ min: 0, max: 5 });
const zeroOrOne = fc.constantFrom<0 | 1>(0, 1);
const owner = fc.constantFrom(...owners);

const document = fc
  .record({ id: fc.constantFrom(...ids), owner, n: small, open: zeroOrOne, rev: small, acceptedAtMs: small })
  .map(({ id, owner: of, n, open, rev, acceptedAtMs }) =>
    intent(profileId(of), n, { _id: id, operationId: id as IntentDoc['operationId'], open, rev, acceptedAtMs }),
  );
const several = fc.array(document, { maxLength: 4 });
/** No two of one call compete for a key: which of them would win is not promised. */
const upserted = fc
  .uniqueArray(document, { maxLength: 4, selector: (one) => one._id })
  .map((documents) => documents.filter((one, k) => documents.findIndex((other) => sameUnique(one, other)) === k));

const sameUnique = (a: IntentDoc, b: IntentDoc): boolean =>
  (a.profileId === b.profileId && a.n === b.n) || a.operationId === b.operationId;

const writes: fc.Arbitrary<Call>[] = [
  fc.record({ call: fc.constantFrom('insert' as const, 'upsert' as const), document }),
  fc.record({ call: fc.constant('insertMany' as const), documents: several }),
  fc.record({ call: fc.constant('upsertMany' as const), documents: upserted }),
  fc.record({ document, expectedRev: small }).map(({ document: given, expectedRev }) => ({
    call: 'replace' as const,
    document: { ...given, rev: expectedRev + 1 },
    expectedRev,
  })),
  fc.record({ call: fc.constant('remove' as const), ids: fc.array(fc.constantFrom(...ids), { maxLength: 3 }) }),
  fc.record({ call: fc.constant('removeOpen' as const), open: zeroOrOne, before: owner }),
];
const reads: fc.Arbitrary<Call>[] = [
  fc.record({
    call: fc.constant('find' as const),
    owners: fc.array(owner, { maxLength: 3 }),
    open: zeroOrOne,
    limit: fc.integer({ min: 1, max: 5 }),
    descending: fc.boolean(),
  }),
  fc.record({ call: fc.constant('count' as const), owner, from: small }),
  fc.record({ call: fc.constant('getMany' as const), ids: fc.array(fc.constantFrom(...ids)) }),
];

export const anyWrites = fc.array(fc.oneof(...writes), { maxLength: 30 });
const anyCalls = fc.array(fc.oneof(...writes, ...reads), { maxLength: 40 });

/** What a call answered: its value, or the code of its failure. */
export type Outcome = { readonly value: unknown } | { readonly code: string };

export class Model {
  #kept = new Map<string, IntentDoc>();

  all(): IntentDoc[] {
    return [...this.#kept.values()].sort((a, b) => (a._id < b._id ? -1 : 1));
  }

  /** An upsert wants a key that another document of the same call gives up: it depends on which goes first. */
  dependsOnOrder(call: Call): boolean {
    if (call.call !== 'upsertMany') return false;
    const moving = call.documents.flatMap((one) => this.#kept.get(one._id) ?? []);
    return call.documents.some((one) => moving.some((old) => old._id !== one._id && sameUnique(old, one)));
  }

  answer(call: Call): Outcome {
    switch (call.call) {
      case 'insert':
        return this.#insert(call.document) ? { value: undefined } : { code: 'duplicate_key' };
      case 'insertMany':
        return { value: { taken: call.documents.filter((one) => !this.#insert(one)).map((one) => one._id) } };
      case 'upsert':
        return this.#upsertMany([call.document]);
      case 'upsertMany':
        return this.#upsertMany(call.documents);
      case 'replace':
        return this.#replace(call.document, call.expectedRev);
      case 'remove':
        return { value: this.#remove((one) => call.ids.includes(one._id)) };
      case 'removeOpen':
        return {
          value: this.#remove((one) => one.open === call.open && one.profileId < profileId(call.before)),
        };
      case 'find':
        return { value: this.#find(call.owners, call.open, call.descending).slice(0, call.limit) };
      case 'count':
        return {
          value: this.all().filter((one) => one.profileId === profileId(call.owner) && one.n >= call.from).length,
        };
      case 'getMany':
        return { value: [...new Set(call.ids)].flatMap((id) => this.#kept.get(id) ?? []) };
      default:
        return unreachable(call);
    }
  }

  /** The unique keys of the collection, besides `_id`: profile and n, operation. */
  #taken(wanted: IntentDoc): boolean {
    return this.all().some((one) => one._id !== wanted._id && sameUnique(one, wanted));
  }

  #insert(wanted: IntentDoc): boolean {
    if (this.#kept.has(wanted._id) || this.#taken(wanted)) return false;
    this.#kept.set(wanted._id, wanted);
    return true;
  }

  #upsertMany(documents: readonly IntentDoc[]): Outcome {
    let refused = false;
    for (const wanted of documents) {
      if (this.#taken(wanted)) refused = true;
      else this.#kept.set(wanted._id, wanted);
    }
    return refused ? { code: 'duplicate_key' } : { value: undefined };
  }

  #replace(wanted: IntentDoc, expectedRev: number): Outcome {
    if (this.#kept.get(wanted._id)?.rev !== expectedRev) return { value: false };
    if (this.#taken(wanted)) return { code: 'duplicate_key' };
    this.#kept.set(wanted._id, wanted);
    return { value: true };
  }

  #remove(matches: (document: IntentDoc) => boolean): number {
    const gone = this.all().filter(matches);
    for (const one of gone) this.#kept.delete(one._id);
    return gone.length;
  }

  #find(of: readonly string[], open: 0 | 1, descending: boolean): IntentDoc[] {
    const found = this.all().filter((one) => of.some((name) => profileId(name) === one.profileId) && one.open === open);
    // `all` is in the order of `_id`, and sorting keeps it among equals.
    found.sort((a, b) => a.n - b.n);
    return descending ? found.reverse() : found;
  }
}

/** Makes the call on an engine. */
export async function perform(documents: Documents, call: Call): Promise<Outcome> {
  try {
    return { value: await performed(documents, call) };
  } catch (error) {
    return { code: (error as { readonly code: string }).code };
  }
}

function performed(documents: Documents, call: Call): Promise<unknown> {
  switch (call.call) {
    case 'insert':
      return documents.insert('intents', call.document);
    case 'upsert':
      return documents.upsertMany('intents', [call.document]);
    case 'insertMany':
      return documents.insertMany('intents', call.documents);
    case 'upsertMany':
      return documents.upsertMany('intents', call.documents);
    case 'replace':
      return documents.replace('intents', call.document, call.expectedRev);
    case 'remove':
      return documents.remove('intents', call.ids);
    case 'removeOpen':
      return documents.removeWhere('openIntents', {
        open: call.open,
        seen: null,
        profileId: { lt: profileId(call.before) },
      });
    case 'find':
      return documents.find(
        'openIntentsOfProfile',
        { profileId: call.owners.map(profileId), open: call.open },
        { limit: call.limit, descending: call.descending },
      );
    case 'count':
      return documents.count('intentsOfProfile', { profileId: profileId(call.owner), n: { gte: call.from } });
    case 'getMany':
      return documents.getMany('intents', call.ids);
    default:
      return unreachable(call);
  }
}

/** Everything that is stored, in the order of `_id`. */
export const stored = (documents: Documents): Promise<IntentDoc[]> => documents.getMany('intents', ids);

export const emptied = (documents: Documents): Promise<number> => documents.remove('intents', ids);

/** Random calls, one after another, each answered as the model answers it. */
export function modelled(name: string, options: { readonly runs: number }, open: () => Promise<Documents>): void {
  describe(`a store on ${name} and a Map`, () => {
    let documents: Documents;
    beforeAll(async () => {
      documents = await open();
    });
    afterAll(() => documents.close());

    test('answer random calls alike and hold the same in the end', async () => {
      await fc.assert(
        fc.asyncProperty(anyCalls, async (calls) => {
          await emptied(documents);
          const model = new Model();
          for (const call of calls)
            if (!model.dependsOnOrder(call)) expect(await perform(documents, call)).toEqual(model.answer(call));
          expect(await stored(documents)).toEqual(model.all());
        }),
        { seed: 20_200_204, numRuns: options.runs },
      );
    });
  });
}
