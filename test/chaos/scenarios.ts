import type { Scenario } from "./scenario.ts";

/** Every scenario, in the order in which the long version runs them. */
export const scenarios: Scenario[] = [];
