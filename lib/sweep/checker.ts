import { fingerprint } from "../enos/credentials.ts";
import type { CheckResult } from "../tasks/decision.ts";
import type { OpenTask } from "../tasks/record.ts";
import { Unfinished } from "../time/unfinished.ts";
import type { Breakers } from "./breakers.ts";
import { type CallResult, resultOfError } from "./call-result.ts";
import { type Check, unasked } from "./check.ts";
import type { CheckDependencies, CheckSettings } from "./dependencies.ts";
import type { ReportFailure } from "./failures.ts";
import { FairQueue } from "./fair-queue.ts";
import { HealthWatch } from "./health-watch.ts";
import type { Invocation } from "./invocation.ts";
import { SecondOpinions } from "./second-opinions.ts";
import { Settler } from "./settler.ts";
import type { SweepSummary } from "./summary.ts";
import { isResting, type UnansweredCalls } from "./suspects.ts";
import type { TimeBudget } from "./time-budget.ts";

/** Checks the tasks that are queued in one invocation: asks EnOS, and has the results noted and settled. */
export class Checker {
  readonly #dependencies: CheckDependencies;
  readonly #settings: CheckSettings;
  readonly #summary: SweepSummary;
  readonly #time: TimeBudget;
  readonly #breakers: Breakers;
  readonly #onFailure: ReportFailure;
  readonly #health: HealthWatch;
  readonly #settler: Settler;
  readonly #unfinished = new Unfinished();
  /** Takes checks until the time is over. Those that are still queued then are reported as unasked. */
  readonly queue: FairQueue<Check>;
  /** Which organisations have been asked although their gateway is stuck: one list for all shards. */
  readonly secondOpinions: SecondOpinions;

  constructor(invocation: Invocation<CheckDependencies, CheckSettings>) {
    const { dependencies, settings, summary, time, breakers, onFailure } = invocation;
    this.#dependencies = dependencies;
    this.#settings = settings;
    this.#summary = summary;
    this.#time = time;
    this.#breakers = breakers;
    this.#onFailure = onFailure;
    const queue = new FairQueue<Check>({
      concurrency: settings.concurrency,
      requestsPerSecond: settings.requestsPerSecond,
      work: (check) => this.#check(check),
      onSkipped: unasked,
      unansweredCallsOf: ({ purpose, task }) =>
        purpose ? undefined : dependencies.suspects.unansweredCalls(task, dependencies.now()),
      isResting: (check, unanswered) => this.#isResting(check, unanswered),
      paces: dependencies.paces,
    });
    this.queue = queue;
    const shared = { ...invocation, queue, unfinished: this.#unfinished };
    this.#health = new HealthWatch(shared);
    this.#settler = new Settler({ ...shared, deadlineMs: settings.deadlineMs });
    this.secondOpinions = new SecondOpinions(shared);
    if (time.isClosing) queue.close();
    else time.signal.addEventListener("abort", () => queue.close());
  }

  /** Resolves when nothing is being published or written any more. */
  onIdle(): Promise<void> {
    return this.#unfinished.onEnd();
  }

  /** Gives up a task that is past its deadline without asking EnOS: its organisation is stuck, or has no room. */
  giveUp(check: Check): void {
    this.#settler.giveUp(check);
  }

  /** Asks EnOS for a task's status, and starts what follows. Resolves with whether EnOS answered. */
  async #check(check: Check): Promise<boolean> {
    const { task } = check;
    const failed = this.#time.isClosing ? undefined : await this.#readCredentials(task);
    if (this.#isToWait(check)) {
      this.queue.stop(task.orgId);
      if (!this.secondOpinions.ask(task.orgId, () => check)) unasked(check);
      return false;
    }
    if (!(await this.#mayCall(check))) {
      unasked(check);
      return false;
    }
    const result = failed ? this.#resultOf(failed.error, task) : await this.#call(task);
    if (result.kind === "cut-off") {
      unasked(check);
      return false;
    }
    await this.#health.note(check, result);
    if (result.kind === "answered") {
      this.#summary.checked++;
      if (check.adopt) this.#unfinished.add(this.#adopt(check, check.adopt, result.check));
      else this.#settler.settle(check, result.check);
      return true;
    }
    // Without an answer, a task that is past its deadline is given up.
    if (check.adopt) check.onEnd(false);
    else this.#settler.settle(check, { kind: "unanswered" }, false);
    return false;
  }

  /** Whether a suspect that a sweep has read rests. One that a hint names is asked about at once. */
  #isResting({ source, task }: Check, unanswered: UnansweredCalls): boolean {
    const { schedule, now } = this.#dependencies;
    const at = now();
    return source !== undefined && isResting(unanswered, schedule.interval(at - task.trackedAt), at);
  }

  /** Learns an organisation's gateway and rate from its credentials. Returns the error if they cannot be read. */
  async #readCredentials({ orgId }: OpenTask): Promise<{ error: unknown } | undefined> {
    try {
      const found = await this.#dependencies.credentials.get(orgId);
      this.#breakers.learn(orgId, found.baseUrl, fingerprint(found));
      this.queue.setRate(orgId, found.requestsPerSecond ?? this.#settings.requestsPerSecond);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Whether a check has to wait for a second opinion: its gateway was found stuck after it was queued. */
  #isToWait({ orgId, purpose }: Check): boolean {
    if (purpose === "opinion" || purpose === "probe" || this.#time.isClosing) return false;
    return this.#breakers.isStuckOnlyByGateway(orgId);
  }

  /** Whether there is time for the call, and its organisation is not stuck or this is the one probe that it may have. */
  async #mayCall(check: Check): Promise<boolean> {
    const { orgId, purpose } = check;
    if (this.#time.isClosing) return false;
    if (!this.#breakers.stuck(orgId)) return true;
    if (purpose === "opinion" && this.#breakers.isStuckOnlyByGateway(orgId)) return true;
    const isClaimed = await this.#health.claimProbe(check);
    if (!isClaimed) this.queue.stop(orgId);
    return isClaimed;
  }

  async #call(task: OpenTask): Promise<CallResult> {
    try {
      const status = await this.#dependencies.enos.getDownloadStatus(task, {
        signal: this.#time.signal,
        singleAttempt: true,
      });
      return { kind: "answered", check: { kind: "status", status } };
    } catch (error) {
      return this.#resultOf(error, task);
    }
  }

  #resultOf(error: unknown, task: OpenTask): CallResult {
    const result = resultOfError(error, this.#time.isClosing);
    if ("failure" in result && result.failure) this.#onFailure(result.failure, error, task);
    return result;
  }

  /** Tracks a task if EnOS knows it, and goes on as with any other. If EnOS does not know it, nothing is written. */
  async #adopt(check: Check, adopt: () => Promise<OpenTask | undefined>, result: CheckResult): Promise<void> {
    if (result.kind !== "status") return check.onEnd(result.kind === "not-found");
    try {
      const task = await adopt();
      if (task) this.#settler.settle({ ...check, task }, result);
      else check.onEnd(true);
    } catch (error) {
      this.#onFailure("write", error, check.task);
      check.onEnd(false);
    }
  }
}
