/** `npm run doctor`: checks a deployed stage. */
import { commandLine } from "../../infra/program/command-line.ts";
import { awsIn } from "../aws.ts";
import { lineOf } from "../finding.ts";
import { stageOf } from "../stage.ts";
import { STAGE_OPTIONS, STAGE_USAGE } from "../surroundings.ts";
import { doctor } from "./doctor.ts";

const USAGE = `Checks a stage and says what to do about problems: npm run doctor -- [options]
${STAGE_USAGE}
  --org ORG      check the gateway of this organisation (repeatable; by default of some that have a secret)
  --json         print a line of JSON for each finding (npm run -s keeps npm's own lines out)

It checks the credentials, the stack and its settings, which organisations have a secret (no value is read), each
gateway and its token as seen by the deployed function, the last sweep, what is stuck, the alarms and the dead letters.
It changes nothing. Exit status: 0 if everything is fine, 1 if not, 2 for an invalid command line.`;

const values = commandLine(USAGE, {
  ...STAGE_OPTIONS,
  org: { type: "string", multiple: true },
  json: { type: "boolean" },
});
const { stage, region } = stageOf();
process.exitCode = 0;
for await (const finding of doctor(awsIn(region), { stage, region, organisations: values.org ?? [] })) {
  console.log(values.json ? JSON.stringify(finding) : lineOf(finding));
  if (finding.ok === false) process.exitCode = 1;
}
