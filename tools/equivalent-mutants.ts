/** A change of the source that no test can notice. */
export interface Equivalent {
  /** The code that Stryker replaces; if that is more than a line, the line that it begins in. */
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
  "lib/store/coverage.ts": [
    {
      was: "gaps.length === 0",
      becomes: "false",
      why: "a shortcut: without gaps the spans of the whole follow again",
    },
  ],
  "lib/store/key-span.ts": [
    { was: "a < b", becomes: "a <= b", why: "of two equal texts it is either" },
    { was: "a > b", becomes: "a >= b", why: "of two equal texts it is either" },
  ],
  "lib/store/merge-gaps.ts": [
    {
      was: "kept.length <= most",
      becomes: "kept.length < most",
      why: "a shortcut: there is nothing to merge",
    },
  ],
  "lib/store/task-item.ts": [
    {
      was: '{ code: "custom", message: "sk names no task", input: sk }',
      becomes: "{}",
      why: "what is wrong with an item is not asked",
    },
    { was: '"custom"', becomes: '""', why: "what is wrong with an item is not asked" },
    { was: '"sk names no task"', becomes: '""', why: "what is wrong with an item is not asked" },
    { was: "text === undefined", becomes: "false", why: "a shortcut: undefined is no number" },
    { was: "} catch {", becomes: "{}", why: "what returns nothing returns undefined" },
  ],
  "lib/enos/answer.ts": [
    { was: '""', becomes: '"Stryker was here!"', why: "neither is JSON, nor says anything about addresses" },
    { was: "} catch {", becomes: "{}", why: "what returns nothing returns undefined" },
    { was: "code !== undefined", becomes: "true", why: "no number is at most or at least undefined" },
  ],
  "lib/enos/gateway.ts": [
    { was: '"ipv6"', becomes: '""', why: "Node takes every text but ipv4 for it" },
    { was: "/^\\[|\\]$/g", becomes: "/\\[|\\]$/g", why: "hosts of URLs have brackets at their ends only" },
    { was: "/^\\[|\\]$/g", becomes: "/^\\[|\\]/g", why: "hosts of URLs have brackets at their ends only" },
    { was: "/^https?:$/", becomes: "/^https?:/", why: "a protocol ends in its only colon" },
  ],
  "lib/enos/retry-after.ts": [
    { was: "[]", becomes: '["Stryker was here"]', why: "a text that says no time says nothing" },
    { was: 'text.endsWith("GMT")', becomes: 'text.startsWith("GMT")', why: "GMT said twice is GMT" },
    { was: '"GMT"', becomes: '""', why: "differs only where the local time is not GMT" },
  ],
  "lib/enos/retry.ts": [
    {
      was: "error.retryAfterSeconds === undefined",
      becomes: "false",
      why: "what is not a number is not less",
    },
    { was: "} else {", becomes: "{}", why: "undefined is not less" },
  ],
  "lib/http/authorizer.ts": [
    { was: "[]", becomes: '["Stryker was here"]', why: "that is no id of an organisation" },
  ],
  "lib/http/bulk.ts": [
    { was: "{ once: true }", becomes: "{}", why: "a signal fires once" },
    { was: "true", becomes: "false", why: "a signal fires once" },
    { was: "aborted.catch(() => {});", becomes: ";", why: "for a put that throws at once, which none does" },
  ],
  "lib/http/validate.ts": [
    {
      was: `\`\${whole} is not valid\``,
      becomes: "``",
      why: "an error has an issue, which its type does not say",
    },
    { was: "!issue", becomes: "false", why: "an error has an issue, which its type does not say" },
    {
      was: "issue.issues[0]?.message",
      becomes: "issue.issues[0].message",
      why: "an error has an issue, which its type does not say",
    },
  ],
  "lib/http/list.ts": [
    {
      was: '"the query"',
      becomes: '""',
      why: "a query is an object of known names, and so never wrong as a whole",
    },
    {
      was: "/^(?:e(\\d{1,15})#(.+)|k(.+))$/s",
      becomes: "/(?:e(\\d{1,15})#(.+)|k(.+))$/s",
      why: "what is read has to encode back to the cursor",
    },
    {
      was: "/^(?:e(\\d{1,15})#(.+)|k(.+))$/s",
      becomes: "/^(?:e(\\d{1,15})#(.+)|k(.+))/s",
      why: "what is read has to encode back to the cursor",
    },
    { was: "[]", becomes: '["Stryker was here"]', why: "the match as a whole is not used" },
    { was: "sk === undefined", becomes: "false", why: "what is read has to encode back to the cursor" },
    {
      was: "/^[A-Za-z0-9_-]*$/",
      becomes: "/[A-Za-z0-9_-]*$/",
      why: "what is read has to encode back to the cursor",
    },
    {
      was: "/^[A-Za-z0-9_-]*$/",
      becomes: "/^[A-Za-z0-9_-]*/",
      why: "what is read has to encode back to the cursor",
    },
  ],
  "lib/http/prefer.ts": [
    { was: '""', becomes: '"Stryker was here!"', why: "neither is a wait, nor the number of one" },
    {
      was: "quoted[1]?.replace",
      becomes: "quoted[1].replace",
      why: "a match has its group, which its type does not say",
    },
    { was: "at < header.length", becomes: "at <= header.length", why: "at the end there is no preference" },
  ],
  "lib/http/request.ts": [
    {
      was: "event.pathParameters?.taskId",
      becomes: "event.pathParameters.taskId",
      why: "without any the channel is missing first",
    },
  ],
  "lib/http/routes.ts": [{ was: '""', becomes: '"Stryker was here!"', why: "neither is a route" }],
  "lib/http/tracking.ts": [
    { was: "deadlineSeconds !== undefined", becomes: "true", why: "undefined is not greater than a number" },
  ],
  "lib/settings.ts": [
    { was: "[]", becomes: '["Stryker was here"]', why: "no host is named so" },
    {
      was: '["SWEEPERS", "SWEEP_SHARDS"]',
      becomes: "[]",
      why: "neither is more than the other if one is undefined",
    },
    {
      was: "error.issues[0]?.message",
      becomes: "error.issues[0].message",
      why: "an error has an issue, which its type does not say",
    },
  ],
  "lib/sweep/backlog.ts": [
    { was: "[]", becomes: '["Stryker was here"]', why: "what is no span covers no key" },
    {
      was: "++this.#taken",
      becomes: "--this.#taken",
      why: "of two numbers, only the distance between them is asked",
    },
    { was: "a.key < b.key", becomes: "a.key <= b.key", why: "of two equal keys it is either" },
  ],
  "lib/sweep/breakers.ts": [
    {
      was: "record?.origin",
      becomes: "record.origin",
      why: "at first, those that are known are known by a record",
    },
    {
      was: "this.#origins.get(origin)?.record",
      becomes: "this.#origins.get(origin).record",
      why: "an organisation's gateway is known",
    },
    {
      was: "this.#organisations.get(orgId)?.record",
      becomes: "this.#organisations.get(orgId).record",
      why: "an organisation that is stuck is known",
    },
    { was: "organisation.origin", becomes: "true", why: "nobody asks for what is noted of no gateway" },
    { was: "!url", becomes: "false", why: "what is noted of no gateway has no record" },
    {
      was: 'scope === "org"',
      becomes: "true",
      why: "nobody asks for an organisation that is named like a gateway",
    },
    {
      was: "!origin.record",
      becomes: "false",
      why: "a shortcut: while it is not stuck, no organisation is stuck because of it",
    },
  ],
  "lib/sweep/lane-queue.ts": [
    {
      was: "this.#expected.size === 0",
      becomes: "false",
      why: "a shortcut: the least of nothing is infinite",
    },
    { was: "this.#expected.size > 0", becomes: "true", why: "a shortcut: nothing is found among nothing" },
    {
      was: "this.#expected.size > 0",
      becomes: "this.#expected.size >= 0",
      why: "a shortcut: nothing is found among nothing",
    },
    { was: "expected !== undefined", becomes: "true", why: "no number is at most undefined" },
    ...["true", "this.#ranks.length >= 1"].map((becomes) => ({
      was: "this.#ranks.length > 1",
      becomes,
      why: "a shortcut: the only rank, once empty, would be made anew",
    })),
    {
      was: "Math.random() < NEWEST",
      becomes: "Math.random() <= NEWEST",
      why: "a random number is hardly ever that one",
    },
  ],
  "lib/sweep/open-count.ts": [
    { was: "[]", becomes: '["Stryker was here"]', why: "what is no span covers no segment" },
  ],
  "lib/sweep/probe-candidates.ts": [
    { was: "group === undefined", becomes: "false", why: "no group is not asked for" },
    { was: "[]", becomes: '["Stryker was here"]', why: "no group is named so" },
    {
      was: "Math.random() * ++before.of >= 1",
      becomes: "Math.random() * ++before.of > 1",
      why: "a random number is hardly ever that one",
    },
  ],
  "lib/sweep/suspect-queue.ts": [
    {
      was: "compareLanes(one, first) < 0",
      becomes: "compareLanes(one, first) <= 0",
      why: "two random numbers are hardly ever equal",
    },
  ],
  "lib/sweep/time-budget.ts": [{ was: "ms <= 0", becomes: "ms < 0", why: "nothing changes by 0" }],
  // Lists are trimmed to save memory, whenever that is.
  "lib/sweep/turn-queue.ts": [
    ...["true", "false", "line.head >= TRIM_AT && line.head === line.items.length"].map((becomes) => ({
      was: "line.head >= TRIM_AT || line.head === line.items.length",
      becomes,
      why: "memory only",
    })),
    ...["false", "line.head > TRIM_AT", "line.head < TRIM_AT"].map((becomes) => ({
      was: "line.head >= TRIM_AT",
      becomes,
      why: "memory only",
    })),
    ...["false", "line.head !== line.items.length"].map((becomes) => ({
      was: "line.head === line.items.length",
      becomes,
      why: "memory only",
    })),
    {
      was: "if (line.head >= TRIM_AT || line.head === line.items.length) {",
      becomes: "{}",
      why: "memory only",
    },
  ],
};
