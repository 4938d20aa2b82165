/** Nothing is counted. For comparison alone. */
export const countTaken = (): void => undefined;
