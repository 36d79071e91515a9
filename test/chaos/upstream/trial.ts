/** The result of one cell of the matrix, either for lookups or for sweeps. */
export interface Trial {
  /** What was observed, in a few words. */
  came: string;
  times: number;
  lost: number;
  duplicated: number;
  /** What contradicts the expectation. */
  wrong: string[];
}
