import { unpack } from "../../local/harness/artefact.ts";
import { type AwsCall, STEPS, type Step, stepOf } from "../../local/harness/aws-call.ts";
import { AwsProxy } from "../../local/harness/aws-proxy.ts";
import { LambdaProcess, ProcessEnded } from "../../local/harness/lambda-process.ts";
import { seeded } from "../../local/harness/random.ts";
import type { Row, Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";

const SIZES = {
  short: { first: 30, tasks: 60, kills: 8 },
  long: { first: 100, tasks: 500, kills: 210 },
};

/** An invocation's time, in milliseconds. A lease lasts a second longer: a killed sweeper's shard is soon free. */
const INVOCATION_MS = 2_000;
/** Kills at a time, not at a call, are at most so long after a lease, in milliseconds: about a sweep. */
const SWEEP_MS = 400;
/** A sweeper that has not made the chosen call after this time is killed when it next leases a shard. */
const PATIENCE_MS = 2_000;

/**
 * When a sweeper dies: at the `nth` call of a step, before AWS has carried it out or after (`done`), or some time after
 * a lease.
 */
type Death = { step: Step; done: boolean; nth: number } | { afterMs: number };

/**
 * Packaged sweepers are killed at random moments of their sweeps; then sweeps run undisturbed. Every outcome must have
 * been received, each fact under one id, and nothing may stay open or leased.
 */
export const crashes: Scenario = {
  name: "crashes",
  async run({ size, seed, progress }): Promise<Row[]> {
    const { first, tasks, kills } = SIZES[size];
    const random = seeded(seed);
    // All are drawn beforehand, so that a seed means the same deaths whichever sweeper is faster.
    const deaths = Array.from({ length: kills }, (_, index) => drawDeath(random, index));
    await using stage = await Stage.start({ orgIds: ["o1", "o2", "o3"], apart: true, shards: 8 });
    const module = unpack("sweep");
    await stage.trackPastDeadline(Math.round(first / 10));
    await stage.track(first - Math.round(first / 10));
    // Slow enough that calls are in flight when a sweeper dies.
    const latency = stage.enos.addFault({ kind: "latency", ms: 20 });

    let tracked = first;
    let killed = 0;
    /** The number of kills, by the step of the killed sweep's last call. */
    const hits = new Map<string, number>();
    const waiting = deaths.values();
    // Two at a time, so that one takes over while the other dies.
    const lane = async () => {
      for (const death of waiting) {
        const hit = await killOne(stage, module, death);
        killed++;
        hits.set(hit, (hits.get(hit) ?? 0) + 1);
        const due = Math.min(tasks, first + Math.ceil(((tasks - first) * killed) / kills));
        // New tasks, so that there is always something to lose.
        const fresh = due - tracked;
        tracked = due;
        if (fresh > 0) await stage.track(fresh);
        if (killed % 20 === 0) progress(`${killed} of ${kills} sweepers killed, ${tracked} tasks tracked`);
      }
    };
    await Promise.all([lane(), lane()]);
    stage.enos.removeFault(latency);

    await using peaceful = await LambdaProcess.start(module, stage.env);
    const sweeps = await stage.sweepInPeace(() => peaceful.invoke({}, INVOCATION_MS));
    progress(`nothing is open any more after ${sweeps} sweeps in peace`);
    const { lost, duplicated, wrong } = await stage.judge();
    // Before its first lease, a sweep has nothing to lose.
    const harmless = (hits.get(NOTHING) ?? 0) + (hits.get("list") ?? 0);
    if (harmless > killed / 2) wrong.push(`${harmless} kills met a sweep that held no shard`);
    const places = STEPS.map((step) => `${step} ${hits.get(step) ?? 0}`).join(", ");
    return [
      {
        tried: `SIGKILL, ${tracked} tasks of 3 organisations`,
        times: killed,
        lost,
        duplicated,
        wrong: wrong.length,
        notes: [
          `every kill met a sweep under way, ${killed - harmless} one with a shard; its last call: ${places}`,
          ...wrong.slice(0, 10),
        ],
      },
    ];
  },
};

/** A sweep that has not called AWS yet. */
const NOTHING = "none yet";

function drawDeath(random: () => number, index: number): Death {
  const [which, done, nth] = [random(), random() < 0.5, random()];
  if (index % 3 === 0) return { afterMs: which * SWEEP_MS };
  const step = STEPS[Math.floor(which * STEPS.length)] as Step;
  return { step, done, nth: 1 + Math.floor(nth * 3) };
}

/**
 * Starts a sweeper, lets it sweep again and again, and kills it at the chosen moment.
 *
 * @returns the step of the killed sweep's last call
 */
async function killOne(stage: Stage, module: string, death: Death): Promise<string> {
  await using proxy = await AwsProxy.start(stage.cloud.urls);
  const sweeper = await LambdaProcess.start(module, { ...stage.env, ...proxy.env });
  let last = NOTHING;
  let left = "nth" in death ? death.nth : 0;
  let timer: NodeJS.Timeout | undefined;
  const patientUntil = performance.now() + PATIENCE_MS;
  const kill = () => sweeper.process.kill("SIGKILL");
  const watch = (done: boolean) => (call: AwsCall) => {
    const step = stepOf(call);
    last = step ?? last;
    // Synchronously: a moment later the sweep would have gone on.
    if ("step" in death && death.step === step && death.done === done && --left === 0) kill();
    if (step !== "lease" || !done) return;
    if (performance.now() > patientUntil) kill();
    else if ("afterMs" in death) timer ??= setTimeout(kill, death.afterMs);
  };
  proxy.onCall = watch(false);
  proxy.onCarriedOut = watch(true);
  try {
    for (;;) {
      last = NOTHING;
      await sweeper.invoke({}, INVOCATION_MS);
    }
  } catch (error) {
    if (!(error instanceof ProcessEnded)) throw error;
    return last;
  } finally {
    clearTimeout(timer);
  }
}
