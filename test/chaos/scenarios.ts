import { awsFaults } from "./aws-faults.ts";
import { badInputs } from "./bad-input.ts";
import { churn } from "./churn.ts";
import { crashes } from "./crashes.ts";
import { crowd } from "./crowd.ts";
import { cutShort } from "./cut-short.ts";
import { neighbours } from "./neighbours.ts";
import { overlap } from "./overlap.ts";
import { reshard } from "./reshard.ts";
import type { Scenario } from "./scenario.ts";
import { secrets } from "./secrets/secrets.ts";
import { stored } from "./stored/stored.ts";
import { upstream } from "./upstream/upstream.ts";
import { worlds } from "./worlds.ts";

/** Every scenario, in the order in which the long version runs them. */
export const scenarios: Scenario[] = [
  awsFaults,
  badInputs,
  crashes,
  overlap,
  neighbours,
  crowd,
  cutShort,
  reshard,
  churn,
  upstream,
  stored,
  secrets,
  worlds,
];
