/** What a store that stands before another passes on as it is: all that changes nothing. What does change something each says itself. */
import type { Documents } from '../../store/documents.ts';

type Unchanging = Pick<Documents, 'open' | 'close' | 'get' | 'getMany' | 'find' | 'count'>;

/** Methods of its own, so that it can be spread; an engine has its methods from its class. */
export const passingOn = (inner: Documents): Unchanging => ({
  open: () => inner.open(),
  close: () => inner.close(),
  get: (collection, id) => inner.get(collection, id),
  getMany: (collection, ids) => inner.getMany(collection, ids),
  find: (query, params, options) => inner.find(query, params, options),
  count: (query, params) => inner.count(query, params),
});
