import type { TerminalEvent } from "../../lib/events/event.ts";

/**
 * An announcement on one line: type, task, size, file, how long the task was tracked, how late its end was seen, and what
 * its caller has added.
 *
 * @param endedAt when it ended, in Unix milliseconds, if known
 */
export function eventLine({ type, correlationid, data }: TerminalEvent, endedAt?: number): string {
  const { orgId, channelId, taskId, dataSize, downloadUrl, reason, trackedAt, observedAt } = data;
  return [
    type.padEnd(23),
    `${orgId}/${channelId}/${taskId}`,
    `tracked ${duration(Date.parse(observedAt) - Date.parse(trackedAt))}`,
    ...(endedAt === undefined ? [] : [`seen ${duration(Date.parse(observedAt) - endedAt)} after its end`]),
    ...(dataSize === null ? [] : [fileSize(dataSize)]),
    ...(downloadUrl === null ? [] : [downloadUrl]),
    ...(reason === null ? [] : [`(${reason})`]),
    ...(correlationid === undefined ? [] : [`for ${correlationid}`]),
  ].join("  ");
}

/** The local time of day, to the second. */
export function clock(date: Date): string {
  return date.toTimeString().slice(0, 8);
}

/** A duration in words. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 129_600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

function fileSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
