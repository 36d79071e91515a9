import pMap from "p-map";
import type { TrackingOptions } from "../../lib/store/task-store.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { TrackedTask } from "../../lib/tasks/record.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";
import type { Api } from "./api.ts";
import type { Command } from "./arguments.ts";
import { EXIT, exitOf, exitOfError } from "./exit.ts";
import type { Progress } from "./progress.ts";
import { waitFor } from "./wait.ts";

/** Requests at a time. */
const CONCURRENCY = 20;
/** Tasks that the service takes in one request. */
const BULK = 100;

/** Where a command's outcome goes. */
export interface Output {
  /** A line for one task, to people or as JSON. */
  print(line: string): void;
  /** What went wrong. */
  complain(line: string): void;
}

/**
 * Carries a command out.
 *
 * @param progress told about each task that is done waiting
 * @param stop ends a wait early
 * @returns the exit status
 */
export async function run(
  command: Command,
  api: Api,
  output: Output,
  progress: (total: number) => Progress,
  stop: AbortSignal,
): Promise<number> {
  switch (command.name) {
    case "ask":
      return each(command, output, async (task) => tell(command, output, (await api.ask(task)).data));
    case "wait":
      return wait(command, api, output, progress, stop);
    case "track":
      return track(command, api, output);
    case "untrack":
      return each(command, output, async (task) => {
        await api.untrack(task);
        return EXIT.done;
      });
    case "list":
      for await (const record of api.list(command.orgId, filtersOf(command)))
        tellRecord(command, output, record);
      return EXIT.done;
  }
}

async function wait(
  command: Command,
  api: Api,
  output: Output,
  progress: (total: number) => Progress,
  stop: AbortSignal,
): Promise<number> {
  const { timeoutSeconds, tasks } = command;
  const until = Number.isFinite(timeoutSeconds)
    ? AbortSignal.any([stop, AbortSignal.timeout(timeoutSeconds * 1000)])
    : stop;
  using shown = progress(tasks.length);
  return each(command, output, async (task) => {
    const status = await waitFor(api, task, until).finally(() => shown.done());
    if (status) return tell(command, output, status);
    output.complain(`${nameOf(task)}: nothing was learnt in time`);
    return EXIT.goesOn;
  });
}

async function track(command: Command, api: Api, output: Output): Promise<number> {
  const { correlationId, labels, deadlineSeconds, orgId, tasks } = command;
  const options: TrackingOptions = {
    ...(correlationId !== undefined && { correlationId }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
  };
  const [only, ...more] = tasks;
  if (only && more.length === 0) {
    return each(command, output, async (task) => {
      tellRecord(command, output, (await api.track(task, options)).data);
      return EXIT.done;
    });
  }
  let exit: number = EXIT.done;
  for (let from = 0; from < tasks.length; from += BULK) {
    const some = tasks
      .slice(from, from + BULK)
      .map(({ channelId, taskId }) => ({ channelId, taskId, ...options }));
    const { data } = await api.trackMany(orgId, some);
    for (const { channelId, taskId, status, msg, record } of data.outcomes) {
      if (record) tellRecord(command, output, record);
      else {
        output.complain(`${orgId}/${channelId}/${taskId}: ${status}: ${msg}`);
        exit = Math.max(exit, status >= 500 ? EXIT.trouble : EXIT.refused);
      }
    }
  }
  return exit;
}

/** Each task, some at a time; one that goes wrong does not keep the others from their turn. */
async function each(
  { tasks }: Command,
  output: Output,
  work: (task: TaskKey) => Promise<number>,
): Promise<number> {
  const exits = await pMap(
    tasks,
    (task) =>
      work(task).catch((error: Error) => {
        output.complain(`${nameOf(task)}: ${error.message}`);
        return exitOfError(error);
      }),
    { concurrency: CONCURRENCY },
  );
  return Math.max(EXIT.done, ...exits);
}

function filtersOf({ state, channelId, finishedSince }: Command): Record<string, string> {
  return {
    ...(state !== undefined && { state }),
    ...(channelId !== undefined && { channelId }),
    ...(finishedSince !== undefined && { finishedSince }),
  };
}

function tell({ json }: Command, { print }: Output, status: DownloadStatus): number {
  print(json ? JSON.stringify(status) : line(status));
  return exitOf(status);
}

function tellRecord({ json }: Command, { print }: Output, record: TrackedTask): void {
  print(json ? JSON.stringify(record) : line(record));
}

/** A task on one line: state, name, size, file. */
function line(task: DownloadStatus | TrackedTask): string {
  const { state, dataSize, downloadUrl } = task;
  return [
    state.padEnd(10),
    nameOf(task),
    ...(dataSize === null ? [] : [`${dataSize} bytes`]),
    ...(downloadUrl === null ? [] : [downloadUrl]),
  ].join("  ");
}

function nameOf({ orgId, channelId, taskId }: TaskKey): string {
  return `${orgId}/${channelId}/${taskId}`;
}
