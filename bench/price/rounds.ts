import { markdownTable } from "markdown-table";
import { SWEEP_MS } from "../scale/assumptions.ts";
import { cost } from "../scale/cost.ts";
import { run } from "../scale/run.ts";
import { DEFAULT_SCENARIO } from "../scale/scenarios.ts";

const ROUND_SECONDS = 10;
/** Open tasks and simulated minutes: with fewer tasks it takes longer to see a fair share of young ones. */
const SIZES = [
  { tasks: 1, minutes: 2_880 },
  { tasks: 10, minutes: 480 },
  { tasks: 1_000, minutes: 30 },
];

/** The price of a month of checking, with a sweep every minute and with rounds, as Markdown. */
export async function roundsPrice(): Promise<string> {
  const lines: string[][] = [];
  for (const size of SIZES) {
    const [minutely, rounds] = [await month(size, SWEEP_MS / 1_000), await month(size, ROUND_SECONDS)];
    lines.push([
      size.tasks.toLocaleString("en"),
      minutely.dollars.toFixed(2),
      rounds.dollars.toFixed(2),
      `${(rounds.share * 100).toFixed(0)} %`,
    ]);
  }
  const head = [
    "open tasks",
    "$ a month, every 60 s",
    `$ a month, rounds ${ROUND_SECONDS} s apart`,
    "of the time, the function runs",
  ];
  return `A month of checking at the defaults, from the simulation at scale (\`bench/scale/\`), with lognormal run times: rounds go on for as long as there are tasks young enough for them, and a function that waits for its next round is paid for.\n\n${markdownTable([head, ...lines])}`;
}

async function month({ tasks, minutes }: (typeof SIZES)[0], intervalSeconds: number) {
  const scenario = { ...DEFAULT_SCENARIO, tasks, minutes, intervalSeconds };
  const outcome = await run(scenario);
  const invoked = outcome.minutes.reduce((sum, { invokedSeconds }) => sum + invokedSeconds, 0);
  return { dollars: cost(outcome).checking, share: (invoked * 1_000) / (outcome.minutes.length * SWEEP_MS) };
}
