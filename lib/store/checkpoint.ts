import * as z from "zod/mini";
import { ALL_KEYS } from "./index-key.ts";

const START = ALL_KEYS.from;

/** How far one shard, or one organisation within it, has been swept. Times are Unix milliseconds. */
export interface Track {
  /** Everything that was due up to then has been checked. */
  sweptThrough: number;
  /** A window (sweptThrough, to] that was swept only below the order `at`. */
  rest: { to: number; at: string } | null;
}

/**
 * How far a shard has been swept: one track for all, and one more for each organisation that fell behind,
 * since its gateway, its credentials or a traffic limit stopped it. So nobody waits for it, and nothing of
 * it is skipped.
 */
export interface Progress extends Track {
  behind: ReadonlyMap<string, Track>;
}

/** More organisations than this behind, and the shard goes back as a whole: the record has to stay small. */
const MAX_BEHIND = 200;

/** A watermark further ahead of the clock than this was written by no sweep. */
export const CLOCK_ERROR_MS = 10 * 60_000;

/** A shard that was never swept. */
export const NEVER_SWEPT: Progress = { sweptThrough: 0, rest: null, behind: new Map() };

/** One pass over a shard: which orders are read, and the window in which each task is due. */
export interface Pass {
  /** The order that reading begins with. */
  from: string;
  /** The windows of all tasks are within this one. */
  window: { from: number; to: number };
  /** The window for a task; null when the pass is not about it. */
  windowFor(orgId: string, order: string): { from: number; to: number } | null;
  /** @see Progress */
  after(outcome: PassOutcome): Progress;
}

/** How a pass ended. */
export interface PassOutcome {
  /** The first order that was not read; null when all were. */
  stoppedAt: string | null;
  /** For each organisation with due tasks that were not checked: the first one's order. */
  skipped: ReadonlyMap<string, string>;
}

/**
 * The next pass over a shard: the rest of a window that was cut short, if there is one, else all that became
 * due since. After a rest there is always another pass, over the new window.
 *
 * @param now Unix milliseconds: the end of a new window
 */
export function nextPass(progress: Progress, now: number): Pass {
  const tracks = [progress, ...progress.behind.values()];
  // Else nothing would ever be due again.
  if (tracks.some((track) => isAhead(track, now))) return nextPass(NEVER_SWEPT, now);
  // While the shard has a rest, so has every organisation that is behind it: its sweep was cut short with the shard's.
  const rests = tracks.flatMap(({ rest }) => (rest ? [rest.at] : []));
  const from = (progress.rest && rests.sort()[0]) ?? START;
  // A watermark never goes back, whatever a clock does.
  const end = Math.max(now, ...tracks.map(({ sweptThrough }) => sweptThrough));

  const windowOf = (track: Track, order: string) => {
    if (track.rest && order < track.rest.at) return null;
    return { from: track.sweptThrough, to: track.rest?.to ?? end };
  };

  const advance = (track: Track, firstLeft: string | null): Track => {
    const to = track.rest?.to ?? end;
    if (firstLeft === null) return { sweptThrough: to, rest: null };
    const begun = track.rest?.at ?? START;
    return { sweptThrough: track.sweptThrough, rest: { to, at: firstLeft > begun ? firstLeft : begun } };
  };

  return {
    from,
    window: {
      from: Math.min(...tracks.map(({ sweptThrough }) => sweptThrough)),
      to: Math.max(...tracks.map(({ rest }) => rest?.to ?? end)),
    },
    windowFor: (orgId, order) => windowOf(progress.behind.get(orgId) ?? progress, order),
    after({ stoppedAt, skipped }) {
      const shard = advance(progress, stoppedAt);
      const behind = new Map<string, Track>();
      for (const orgId of new Set([...progress.behind.keys(), ...skipped.keys()])) {
        const track = progress.behind.get(orgId) ?? progress;
        const next = advance(track, skipped.get(orgId) ?? stoppedAt);
        if (!isLevel(next, shard)) behind.set(orgId, next);
      }
      const after = { ...shard, behind };
      return behind.size > MAX_BEHIND ? goBack(after) : after;
    },
  };
}

function isAhead({ sweptThrough, rest }: Track, now: number): boolean {
  return Math.max(sweptThrough, rest?.to ?? 0) > now + CLOCK_ERROR_MS;
}

function isLevel(a: Track, b: Track): boolean {
  return a.sweptThrough === b.sweptThrough && a.rest?.to === b.rest?.to && a.rest?.at === b.rest?.at;
}

function goBack({ sweptThrough, behind }: Progress): Progress {
  const tracks = [...behind.values()].map((track) => track.sweptThrough);
  return { sweptThrough: Math.min(sweptThrough, ...tracks), rest: null, behind: new Map() };
}

const Time = z.int().check(z.nonnegative());
const TrackItem = z.object({
  sweptThrough: Time,
  rest: z.nullable(z.object({ to: Time, at: z.string().check(z.regex(/^[0-9a-f]{1,16}$/)) })),
});
// A list, since an organisation may be called `__proto__`, which is no key for an object.
const ProgressItem = z.extend(TrackItem, { behind: z.array(z.extend(TrackItem, { orgId: z.string() })) });

/** Reads a shard's record; one that does not parse counts as never swept, which loses nothing. */
export function parseProgress(item: unknown): Progress {
  const parsed = ProgressItem.safeParse(item).data;
  if (!parsed) return NEVER_SWEPT;
  return { ...parsed, behind: new Map(parsed.behind.map(({ orgId, ...track }) => [orgId, track])) };
}

/** What {@link parseProgress} reads. */
export function progressItem({ sweptThrough, rest, behind }: Progress): z.infer<typeof ProgressItem> {
  return { sweptThrough, rest, behind: Array.from(behind, ([orgId, track]) => ({ orgId, ...track })) };
}
