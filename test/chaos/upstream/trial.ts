/** What came of one cell of the matrix, on one side of it. */
export interface Trial {
  /** What was observed, in a few words. */
  came: string;
  times: number;
  lost: number;
  duplicated: number;
  /** What should not have been. */
  wrong: string[];
}
