/** A change of the source that no test can notice. */
export interface Equivalent {
  /** The code that Stryker replaces, to the end of its first line. */
  was: string;
  becomes: string;
  why: string;
}

/** By file. An entry that no surviving mutant matches any more is reported. */
export const EQUIVALENT: Record<string, readonly Equivalent[]> = {
  "lib/tasks/carried.ts": [
    {
      was: "/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/",
      becomes: "/00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/",
      why: "what matches is as long as the longest text",
    },
    {
      was: "/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/",
      becomes: "/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/",
      why: "what matches is as long as the longest text",
    },
  ],
  "lib/tasks/decision.ts": [
    {
      was: "deadlineAt !== undefined",
      becomes: "true",
      why: "no number is at least undefined",
    },
  ],
  "lib/tasks/schedule.ts": [
    {
      was: "position <= 0",
      becomes: "position < 0",
      why: "at 0 the first edge follows, which is at most 0, and an interval's start is at least 0",
    },
    {
      was: "longest === shortest",
      becomes: "false",
      why: "a shortcut: edges of equal distance divide the age as one edge does",
    },
    {
      was: "growth * edge >= longest",
      becomes: "growth * edge > longest",
      why: "a further edge, as far from the last as all that follow",
    },
    {
      was: "(numbers[middle] as number) <= most",
      becomes: "numbers[middle] as number < most",
      why: "an edge's position is the same from both sides",
    },
  ],
  "lib/time/on-abort.ts": [
    {
      was: "free.push(slot);",
      becomes: ";",
      why: "a slot that is not used again takes memory only",
    },
  ],
  "lib/events/schema.ts": [
    {
      was: "/^[0-9a-f]{64}$/",
      becomes: "/[0-9a-f]{64}$/",
      why: "what matches is as long as the longest text",
    },
    {
      was: "/^[0-9a-f]{64}$/",
      becomes: "/^[0-9a-f]{64}/",
      why: "what matches is as long as the longest text",
    },
  ],
};
