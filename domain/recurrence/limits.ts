/** How much one series may cost, so that no calendar can stall the process that reads it. */

export interface RecurrenceLimits {
  /** Days looked at plus candidate starts made, over all rules of one series. */
  readonly stepsMax: number;
  /** Starts of one series inside the window. */
  readonly occurrencesMax: number;
  /** Rules, extra dates and exclusions of one series. */
  readonly partsMax: number;
}

export const defaultRecurrenceLimits: RecurrenceLimits = {
  /** A daily rule that counts from 1970 needs 40,000 at the most; 200,000 take some ten milliseconds, once. */
  stepsMax: 200_000,
  /** Hourly over the 243 days that are kept, the densest thing that people make, is 5,832. */
  occurrencesMax: 6_000,
  /** Daily for ten years with every single day excluded is 3,650. */
  partsMax: 5_000,
};

/** What is left of `stepsMax`; whoever steps takes from it and stops when it is used up. */
export interface StepBudget {
  left: number;
}

/** Takes `steps`; when there are fewer, takes what there is and answers false. */
export function spend(budget: StepBudget, steps: number): boolean {
  const enough = budget.left >= steps;
  budget.left = enough ? budget.left - steps : 0;
  return enough;
}
