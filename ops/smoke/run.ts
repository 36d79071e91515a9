import type { TaskKey } from "../../lib/tasks/key.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";
import { type Finding, passed } from "../finding.ts";
import type { Api } from "../tasks/api.ts";
import type { Listener } from "./listener.ts";

/** Options of a trial. */
export interface Trial {
  api: Pick<Api, "ask" | "track" | "untrack">;
  task: TaskKey;
  /** Subscribes to events; the result is disposed after the trial. */
  listen: () => Promise<Pick<Listener, "hear"> & AsyncDisposable>;
  /** How long the event may take, in seconds. */
  timeoutSeconds: number;
  /** Aborts the wait. */
  stop: AbortSignal;
  /** Commands for whoever has to go on, to be pasted. */
  commands: { untrack: string; doctor: string };
}

/**
 * Asks for a task, has it tracked, waits for the event of its end, and stops the tracking; yields each step.
 * It always cleans up after itself.
 *
 * @throws the error of a step
 */
export async function* smoke(trial: Trial): AsyncGenerator<Finding, void, undefined> {
  const { api, task } = trial;
  const { data: status } = await api.ask(task);
  yield { check: "ask", ok: true, says: `the task is ${status.state}` };
  await using listener = await trial.listen();
  yield { check: "subscribe", ok: true, says: "a temporary queue receives the channel's events" };
  const { status: answer, data: record } = await api.track(task, {});
  if (answer !== 201) {
    yield {
      check: "track",
      ok: false,
      says: `it has been tracked since ${record.trackedAt}, so somebody may be waiting for it`,
      todo: `use another task, or stop its tracking: ${trial.commands.untrack}`,
    };
    return;
  }
  let isTracked = true;
  const untrack = async () => {
    await api.untrack(task);
    isTracked = false;
  };
  try {
    yield { check: "track", ok: true, says: "the task is tracked" };
    yield await event(listener, status, trial);
    await untrack();
    yield { check: "untrack", ok: true, says: "the task is no longer tracked" };
  } finally {
    if (isTracked) await untrack().catch(() => {});
  }
}

async function event(
  listener: Pick<Listener, "hear">,
  { terminal, state }: DownloadStatus,
  { task, timeoutSeconds, stop, commands }: Trial,
): Promise<Finding> {
  const started = Date.now();
  const until = AbortSignal.any([stop, AbortSignal.timeout(timeoutSeconds * 1000)]);
  const heard = await listener.hear(task, until);
  const after = passed((Date.now() - started) / 1000);
  if (heard) return { check: "event", ok: true, says: `${heard.type} after ${after}` };
  const todo = terminal
    ? `see how the sweeps are: ${commands.doctor}`
    : `the task was ${state}: use one that has ended, or a longer --timeout`;
  return { check: "event", ok: false, says: `none within ${after}`, todo };
}
