/** A client generated from docs/openapi.yaml, which does what the README shows. */
import createClient from "openapi-fetch";
import type { components, paths } from "./made/api.d.ts";

type Task = { orgId: string; channelId: string; taskId: string };
type TrackedTask = components["schemas"]["TrackedTask"];

const TASK = "/organisations/{orgId}/data-federation/v2.0/channels/read/{channelId}/download/{taskId}";

/** What a caller does with a task: looks it up, tracks it, and waits for its end. */
export async function askTrackAndWait(baseUrl: string, task: Task) {
  const client = createClient<paths>({
    baseUrl,
    // As documented for `state`: several, separated by commas.
    querySerializer: { array: { style: "form", explode: false } },
  });

  const asked = await client.GET(`${TASK}/status`, { params: { path: task } });
  // The types come from the document: a state is one of the known states, and null has to be handled.
  const state: "running" | string = asked.data?.data.state ?? failed(asked);

  const tracked = await client.PUT(`${TASK}/tracking`, {
    params: { path: task },
    body: { correlationId: "order-4711", labels: { site: "Lemmer" } },
  });
  const record: TrackedTask = tracked.data?.data ?? failed(tracked);

  const { channelId, taskId } = task;
  const many = await client.POST("/organisations/{orgId}/tracked-tasks", {
    params: { path: task },
    body: { tasks: [{ channelId, taskId }] },
  });
  const statuses = (many.data?.data.outcomes ?? failed(many)).map(({ status }) => status);

  const ended = await client.GET(`${TASK}/status`, {
    params: { path: task, header: { Prefer: "wait=25" } },
  });
  const size: number | null = (ended.data ?? failed(ended)).data.dataSize;

  const page = await client.GET("/organisations/{orgId}/tracked-tasks", {
    params: { path: task, query: { state: ["pending", "running", "succeeded"], limit: 10 } },
  });
  const listed = (page.data?.data.tasks ?? failed(page)).map(({ correlationId }) => correlationId);

  const unknown = await client.GET(`${TASK}/tracking`, { params: { path: { ...task, taskId: "unknown" } } });
  return {
    state,
    record,
    statuses,
    ended: ended.data?.data.state,
    size,
    listed,
    refused: unknown.response.status,
  };
}

function failed({ error, response }: { error?: unknown; response: Response }): never {
  throw new Error(`${response.url} was answered with ${response.status}: ${JSON.stringify(error)}`);
}
