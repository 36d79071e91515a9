/** One line of the table: what was tried, and the result. */
export interface Row {
  tried: string;
  /** How often it was tried. */
  times: number;
  /** Outcomes that no subscriber received. */
  lost: number;
  /** Events received more than once under the same id, which at-least-once delivery allows. */
  duplicated: number;
  /** What contradicts a guarantee; the notes say what. */
  wrong: number;
  notes: string[];
}

/** How a scenario is run: `short` in `npm test`, `long` in `npm run chaos`. */
export interface ScenarioOptions {
  size: "short" | "long";
  /** The same seed makes the same choices again. */
  seed: number;
  /** Called to say how far the run is, for the person who waits for it. */
  progress(text: string): void;
}

/** An attack on the service's guarantees. */
export interface Scenario {
  name: string;
  run(options: ScenarioOptions): Promise<Row[]>;
}

/** The rows that show a guarantee broken. */
export function broken(rows: Row[]): Row[] {
  return rows.filter(({ lost, wrong }) => lost > 0 || wrong > 0);
}
