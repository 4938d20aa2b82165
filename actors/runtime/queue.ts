/** First in, first out, in constant time, holding no memory once it is empty. */

export interface Queue<T> {
  readonly length: number;
  push(value: T): void;
  /** Undefined when empty. */
  shift(): T | undefined;
  clear(): void;
}

/** Below this, moving what is left costs more than it frees. */
const compactFrom = 1_024;

export function createQueue<T>(): Queue<T> {
  let values: T[] = [];
  let head = 0;
  return {
    get length() {
      return values.length - head;
    },
    push(value) {
      values.push(value);
    },
    shift() {
      if (head === values.length) return undefined;
      const value = values[head];
      head += 1;
      if (head === values.length) {
        values = [];
        head = 0;
      } else if (head >= compactFrom && head * 2 > values.length) {
        values = values.slice(head);
        head = 0;
      }
      return value;
    },
    clear() {
      values = [];
      head = 0;
    },
  };
}
