/** Whether a machine looks on instead of a person: then what is missing is a failure, since nobody reads that it was said. */
export const underCi = (): boolean => (process.env['CI'] ?? '') !== '';
