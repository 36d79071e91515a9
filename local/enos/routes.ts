import type { Endpoint } from "./input.ts";

/** Which endpoint of EnOS a request is for. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly isRefresh: boolean;
  readonly channelId: string;
  readonly taskId: string;
}

const CHANNELS = "/data-federation/v2.0/channels/read/";
const TOKENS = "/apim-token-service/v2.0/token/";

/**
 * Finds the endpoint by method and path (without the query); undefined if EnOS has none. Hand-written, because it
 * runs for every request of a load test.
 */
export function findRoute(method: string, path: string): Route | undefined {
  if (path.startsWith(CHANNELS)) {
    const [channel = "", what, task = "", last, ...more] = path.slice(CHANNELS.length).split("/");
    if (channel === "" || more.length > 0) return undefined;
    if (what === "download-request" && task === "" && last === undefined && method === "POST") {
      return withIds("create", channel, "");
    }
    if (what !== "download" || task === "") return undefined;
    if (last === "status" && method === "GET") return withIds("status", channel, task);
    if (last === undefined && method === "DELETE") return withIds("cancel", channel, task);
    return undefined;
  }
  if (method === "POST" && path.startsWith(TOKENS)) {
    const verb = path.slice(TOKENS.length);
    if (verb === "get" || verb === "refresh") {
      return { endpoint: "token", isRefresh: verb === "refresh", channelId: "", taskId: "" };
    }
  }
  return undefined;
}

function withIds(endpoint: Endpoint, channel: string, task: string): Route | undefined {
  const channelId = decode(channel);
  const taskId = decode(task);
  if (channelId === undefined || taskId === undefined) return undefined;
  return { endpoint, isRefresh: false, channelId, taskId };
}

/** The segment decoded; undefined if its percent-encoding is invalid. */
export function decode(segment: string): string | undefined {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
