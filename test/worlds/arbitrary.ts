import fc from "fast-check";
import { seeded } from "../../local/harness/random.ts";
import type { Conduct, Organisation, World } from "./world.ts";

const MINUTE = 60_000;
/** The gateway of several organisations that have little else in common. */
const SHARED = "https://shared0";

/** The time of a sweep that may take its whole minute, in milliseconds. */
export const WHOLE_MINUTE = 59_500;

/** Kinds of trouble; the promises to all other organisations hold beside any of these. */
const trouble: fc.Arbitrary<Conduct> = fc.oneof(
  fc.constant<Conduct>({ kind: "hangs" }),
  fc.constant<Conduct>({ kind: "refuses-connections" }),
  fc.constant<Conduct>({ kind: "refuses-keys" }),
  fc.constant<Conduct>({ kind: "refuses-address" }),
  fc.constant<Conduct>({ kind: "no-secret" }),
  fc.constant<Conduct>({ kind: "unreadable-secret" }),
  fc.integer({ min: 2, max: 6 }).map((every): Conduct => ({ kind: "hangs-sometimes", every })),
  fc.integer({ min: MINUTE, max: 6 * MINUTE }).map((atMs): Conduct => ({ kind: "breaks", atMs })),
  fc.nat(40).map((answers): Conduct => ({ kind: "limits", answers })),
  fc.integer({ min: 1_200, max: 9_500 }).map((latencyMs): Conduct => ({ kind: "answers", latencyMs })),
);

/** Young and old tasks; some end within the world's time, and some are deleted. */
const tasks = (most: number, minutes: number) =>
  fc.array(
    fc.record(
      {
        trackedAt: fc.oneof(
          fc.integer({ min: -30 * 60 * MINUTE, max: -1 }),
          fc.integer({ min: -5 * MINUTE, max: (minutes * MINUTE) / 2 }),
        ),
        endsAt: fc.oneof(
          fc.integer({ min: 0, max: minutes * MINUTE }),
          fc.constant(Number.MAX_SAFE_INTEGER / 4),
        ),
        deletedAt: fc.integer({ min: 0, max: minutes * MINUTE }),
      },
      { requiredKeys: ["trackedAt", "endsAt"] },
    ),
    { minLength: 1, maxLength: most },
  );

/** Tasks of which the first ones are never answered: a few of few, or many, but no more than one in twenty. */
const partlyNeverAnswered = (minutes: number) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ tasks: tasks(20, minutes), times: fc.integer({ min: 1, max: 3 }) }) },
    {
      weight: 1,
      arbitrary: fc
        .record({ times: fc.integer({ min: 17, max: 30 }), seed: fc.nat() })
        .map(({ times, seed }) => {
          const random = seeded(seed);
          // In no order, so that what is never answered is spread among the others.
          const tasks = Array.from({ length: 20 * times }, () => ({
            trackedAt: -Math.ceil(random() * 20 * 60 * MINUTE),
            endsAt: Number.MAX_SAFE_INTEGER / 4,
          }));
          return { times, tasks };
        }),
    },
  );

const organisations = (minutes: number, recover: boolean) =>
  fc
    .record({
      healthy: fc.array(
        fc.record({
          latencyMs: fc.integer({ min: 1, max: 700 }),
          tasks: tasks(30, minutes),
          garblesPercent: recover ? fc.constant(0) : fc.constantFrom(0, 0, 30, 80),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      troubled: fc.array(
        fc.record({
          conduct: trouble,
          copies: fc.oneof(
            { weight: 4, arbitrary: fc.constant(1) },
            { weight: 1, arbitrary: fc.integer({ min: 2, max: 25 }) },
          ),
          sharesGateway: fc.boolean(),
          tasks: tasks(10, minutes),
          recoversAt: recover
            ? fc.integer({ min: 1, max: 8 }).map((minute) => minute * MINUTE)
            : fc.option(
                fc.integer({ min: 1, max: minutes }).map((minute) => minute * MINUTE),
                { nil: undefined },
              ),
        }),
        { maxLength: 4 },
      ),
      neverAnswered: fc.option(
        fc.record({
          latencyMs: fc.integer({ min: 1, max: 700 }),
          of: partlyNeverAnswered(minutes),
          copies: fc.integer({ min: 1, max: 3 }),
          sharesGateway: fc.boolean(),
          outage: fc.option(
            fc.record({
              breaksAt: fc.integer({ min: 4 * MINUTE, max: 10 * MINUTE }),
              lastsMs: fc.integer({ min: MINUTE, max: 10 * MINUTE }),
            }),
            { nil: undefined },
          ),
        }),
        { nil: undefined },
      ),
      huge: fc.option(fc.integer({ min: 200, max: 1_500 }), { nil: undefined, freq: 4 }),
    })
    .map(({ healthy, troubled, neverAnswered, huge }): Organisation[] => [
      ...healthy.map(({ latencyMs, tasks, garblesPercent }, index) => ({
        // The second one shares a gateway with organisations that are in trouble.
        ...organisation(
          `healthy${index}`,
          { kind: "answers", latencyMs },
          tasks,
          index === 1 ? SHARED : undefined,
        ),
        garblesPercent,
      })),
      ...troubled.flatMap(({ conduct, copies, sharesGateway, tasks, recoversAt }, index) =>
        Array.from({ length: copies }, (_, copy) => ({
          ...organisation(`troubled${index}-${copy}`, conduct, tasks),
          origin: sharesGateway ? sharedGateway(conduct, index) : `https://troubled${index}-${copy}`,
          ...(recoversAt !== undefined && { recoversAt }),
        })),
      ),
      ...(neverAnswered && !recover
        ? Array.from({ length: neverAnswered.copies }, (_, copy) => ({
            ...organisation(
              `never-answered${copy}`,
              { kind: "answers", latencyMs: neverAnswered.latencyMs },
              neverAnswered.of.tasks,
              neverAnswered.sharesGateway ? "https://never-answered" : undefined,
            ),
            neverAnswered: neverAnswered.of.times,
            ...(neverAnswered.outage && withOutage(neverAnswered.outage)),
          }))
        : []),
      ...(huge
        ? [
            {
              ...organisation(
                "huge",
                { kind: "answers", latencyMs: 300 },
                Array.from({ length: huge }, (_, index) => ({
                  trackedAt: -index * 700,
                  endsAt: Number.MAX_SAFE_INTEGER / 4,
                })),
              ),
              requestsPerSecond: 20,
            },
          ]
        : []),
    ]);

/**
 * Organisations with different conduct share a gateway, also with a healthy one. But a gateway that refuses connections
 * refuses everyone's.
 */
function sharedGateway({ kind }: Conduct, index: number): string {
  return kind === "refuses-connections" ? `https://closed${index}` : `https://shared${index % 2}`;
}

function organisation(
  id: string,
  conduct: Conduct,
  tasks: Organisation["tasks"],
  origin = `https://${id}`,
): Organisation {
  return { id, origin, conduct, neverAnswered: 0, tasks };
}

function withOutage({ breaksAt, lastsMs }: { breaksAt: number; lastsMs: number }) {
  return { conduct: { kind: "hangs" } as const, breaksAt, recoversAt: breaksAt + lastsMs };
}

/** Any world of this many minutes. @param recover whether all troubles are over after eight minutes */
export function worlds(minutes: number, { recover = false } = {}): fc.Arbitrary<World> {
  const clock = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -60_000, max: 60_000 }) },
  );
  return fc.record({
    organisations: organisations(minutes, recover),
    shards: fc.integer({ min: 1, max: 6 }),
    sweepers: fc.integer({ min: 1, max: 3 }),
    concurrency: fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 4, max: 64 }) },
      { weight: 1, arbitrary: fc.constantFrom(1, 128, 512) },
    ),
    minutes: fc.constant(minutes),
    indexDelayMs: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 10 * MINUTE }) },
    ),
    clocksMs: fc.tuple(clock, clock, clock).map((clocks) => [...clocks]),
    trackerClockMs: clock,
    deadlineMs: fc.oneof(
      { weight: 2, arbitrary: fc.constant(7 * 24 * 60 * MINUTE) },
      { weight: 1, arbitrary: fc.integer({ min: 10, max: 40 * 60 }).map((m) => m * MINUTE) },
    ),
    frozen: fc.oneof(
      { weight: 2, arbitrary: fc.constant<World["frozen"]>([]) },
      {
        weight: 1,
        arbitrary: fc.array(
          fc.record(
            {
              sweep: fc.nat(10),
              afterMs: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 50_000 })),
              forMs: fc.integer({ min: 1_000, max: 4 * MINUTE }),
            },
            { requiredKeys: ["sweep", "afterMs"] },
          ),
          { minLength: 1, maxLength: 3 },
        ),
      },
    ),
    invocationMs: fc.oneof(
      { weight: 5, arbitrary: fc.constant(WHOLE_MINUTE) },
      { weight: 1, arbitrary: fc.integer({ min: 4_000, max: 12_000 }) },
    ),
    pageMs: fc.oneof(
      { weight: 3, arbitrary: fc.constant(5) },
      { weight: 1, arbitrary: fc.integer({ min: 20, max: 300 }) },
    ),
    publishMs: fc.integer({ min: 5, max: 500 }),
    failsEvery: fc.oneof(
      { weight: 4, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
      { weight: 1, arbitrary: fc.integer({ min: 3, max: 40 }) },
    ),
    ...(!recover && {
      maxIntervalSeconds: fc.oneof(
        { weight: 3, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom(60, 600, 900) },
      ),
    }),
    isWarm: fc.boolean(),
    restartsAt: fc.array(fc.integer({ min: 1, max: minutes }), { maxLength: 2 }),
    hidesOtherTasks: fc.integer({ min: 0, max: 3 }).map((chance) => chance === 0),
    failsUntilMs: fc.constant(recover ? 8 * MINUTE : Number.POSITIVE_INFINITY),
    seed: fc.nat(),
  });
}
