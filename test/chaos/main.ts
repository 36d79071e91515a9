/**
 * Runs the long version of every scenario: `npm run chaos [-- --seed N] [-- --only name]`. Exits with 1 if anything was
 * lost or wrong.
 */
import { randomInt } from "node:crypto";
import { commandLine, refuse } from "../../infra/program/command-line.ts";
import { useOwnTemporaryFolder } from "../../local/harness/temporary-folder.ts";
import { printRows } from "./print-rows.ts";
import { broken, type Row } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

const names = scenarios.map(({ name }) => name).join(", ");
const USAGE = `Attacks the guarantees at length: npm run chaos -- [options]
  --seed N     as in an earlier run (a whole number)
  --only NAME  one scenario: ${names}`;

const values = commandLine(USAGE, { seed: { type: "string" }, only: { type: "string" } });
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
const chosen = scenarios.filter(({ name }) => values.only === undefined || name === values.only);
if (!Number.isInteger(seed)) refuse(`--seed ${values.seed} is no whole number`);
if (chosen.length === 0) refuse(`--only ${values.only}: the scenarios are ${names}`);

console.log(`seed ${seed}`);
useOwnTemporaryFolder();
const rows: Row[] = [];
for (const { name, run } of chosen) {
  const started = performance.now();
  const progress = (text: string) => {
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`${name} ${String(seconds).padStart(4)} s  ${text}`);
  };
  try {
    rows.push(...(await run({ size: "long", seed, progress })).map((row) => named(name, row)));
  } catch (error) {
    const notes = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    rows.push(named(name, { tried: "did not end", times: 1, lost: 0, duplicated: 0, wrong: 1, notes }));
  }
  progress("done");
}

printRows(rows);
const isBroken = broken(rows).length > 0;
if (isBroken) console.log(`\nBroken. To try the same again: npm run chaos -- --seed ${seed}`);
// After calls that hung, Node's own clean-up of its handles may never end.
process.exit(Number(isBroken));

function named(name: string, row: Row): Row {
  return { ...row, tried: `${name}: ${row.tried}` };
}
