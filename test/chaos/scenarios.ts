import { awsFaults } from "./aws-faults.ts";
import { badInputs } from "./bad-input.ts";
import { crashes } from "./crashes.ts";
import { overlap } from "./overlap.ts";
import type { Scenario } from "./scenario.ts";

/** Every scenario, in the order in which the long version runs them. */
export const scenarios: Scenario[] = [awsFaults, badInputs, crashes, overlap];
