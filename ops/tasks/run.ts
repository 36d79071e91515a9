import pMap from "p-map";
import type { TrackingOptions } from "../../lib/store/task-store.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { TrackedTask } from "../../lib/tasks/record.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";
import { awsTrouble } from "../aws-trouble.ts";
import type { Api } from "./api.ts";
import type { Command } from "./arguments.ts";
import { EXIT, exitOf, exitOfError } from "./exit.ts";
import type { Progress } from "./progress.ts";
import { waitFor } from "./wait.ts";

/** Concurrent requests. */
const CONCURRENCY = 20;
/** Tasks in one request to the service. */
const BULK = 100;

/** The dependencies of a command. */
export interface RunOptions {
  api: Api;
  /** Prints a line for one task, for people or as JSON. */
  print: (line: string) => void;
  /** Prints an error or a remark. */
  complain: (line: string) => void;
  /** Starts a progress line for a number of tasks. */
  progress: (total: number) => Progress;
  /** Aborts a wait. */
  stop: AbortSignal;
}

/** Runs a command, and resolves with the exit status. */
export async function run(command: Command, options: RunOptions): Promise<number> {
  const { api, print } = options;
  switch (command.name) {
    case "ask":
      return each(command, options, async (task) => {
        const { data } = await api.ask(task);
        print(lineOf(command, data));
        return exitOf(data);
      });
    case "wait":
      return wait(command, options);
    case "track":
      return track(command, options);
    case "untrack":
      return each(command, options, async (task) => {
        await api.untrack(task);
        return EXIT.done;
      });
    case "list":
      return list(command, options);
  }
}

async function list(command: Command, { api, print, complain }: RunOptions): Promise<number> {
  const filters = filtersOf(command);
  let found = 0;
  for await (const record of api.list(command.orgId, filters)) {
    print(lineOf(command, record));
    found++;
  }
  // An organisation whose id is misspelt has none either.
  if (found === 0) {
    const which = Object.keys(filters).length > 0 ? "such tracked tasks" : "tracked tasks";
    complain(`no ${which} of ${command.orgId}`);
  }
  return EXIT.done;
}

async function wait(command: Command, options: RunOptions): Promise<number> {
  const { api, print, complain, progress, stop } = options;
  const { timeoutSeconds, tasks } = command;
  const until = Number.isFinite(timeoutSeconds)
    ? AbortSignal.any([stop, AbortSignal.timeout(timeoutSeconds * 1000)])
    : stop;
  using shown = progress(tasks.length);
  return each(command, options, async (task) => {
    const status = await waitFor(api, task, until).finally(() => shown.done());
    if (!status) {
      complain(`${nameOf(task)}: no answer in time`);
      return EXIT.goesOn;
    }
    print(lineOf(command, status));
    return exitOf(status);
  });
}

async function track(command: Command, options: RunOptions): Promise<number> {
  const { api, print, complain } = options;
  const { correlationId, labels, deadlineSeconds, orgId, tasks } = command;
  const tracking: TrackingOptions = {
    ...(correlationId !== undefined && { correlationId }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
  };
  const tellIfTracked = (status: number, task: TaskKey) => {
    if (status !== 200) return;
    complain(`${nameOf(task)}: was tracked already: its correlation id, labels and deadline are unchanged`);
  };
  if (tasks.length === 1) {
    return each(command, options, async (task) => {
      const { status, data } = await api.track(task, tracking);
      print(lineOf(command, data));
      tellIfTracked(status, task);
      return EXIT.done;
    });
  }
  let exit: number = EXIT.done;
  for (let from = 0; from < tasks.length; from += BULK) {
    const some = tasks
      .slice(from, from + BULK)
      .map(({ channelId, taskId }) => ({ channelId, taskId, ...tracking }));
    const { data } = await api.trackMany(orgId, some);
    for (const { channelId, taskId, status, msg, record } of data.outcomes) {
      if (record) {
        print(lineOf(command, record));
        tellIfTracked(status, record);
      } else {
        complain(`${orgId}/${channelId}/${taskId}: ${status}: ${msg}`);
        exit = Math.max(exit, status >= 500 ? EXIT.trouble : EXIT.refused);
      }
    }
  }
  return exit;
}

/** Does the work for each task, some concurrently, even if others fail. Resolves with the highest exit status. */
async function each(
  { tasks }: Command,
  { complain }: Pick<RunOptions, "complain">,
  work: (task: TaskKey) => Promise<number>,
): Promise<number> {
  const exits = await pMap(
    tasks,
    (task) =>
      work(task).catch((error: Error) => {
        complain(`${nameOf(task)}: ${awsTrouble(error)}`);
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

/** A task on one line: as JSON, or its state, name, size and file. */
function lineOf({ json }: Command, task: DownloadStatus | TrackedTask): string {
  if (json) return JSON.stringify(task);
  const { state, dataSize, downloadUrl } = task;
  return [
    state.padEnd(10),
    nameOf(task),
    ...(dataSize === null ? [] : [`${dataSize} bytes`]),
    ...(downloadUrl === null ? [] : [downloadUrl]),
  ].join("  ");
}

/** A task, as the commands name it. */
export function nameOf({ orgId, channelId, taskId }: TaskKey): string {
  return `${orgId}/${channelId}/${taskId}`;
}
