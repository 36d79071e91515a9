/** `npm run demo`: runs and checks what `npm start` shows. Exits with 0 if every event was exactly as expected. */
import { setTimeout as delay } from "node:timers/promises";
import { commandLine } from "../infra/program/command-line.ts";
import type { TerminalEvent } from "../lib/events/event.ts";
import type { ReceivedMessage } from "./aws/received.ts";
import { startEnosSimulator } from "./enos/simulator.ts";
import { LocalService } from "./service/local-service.ts";
import { withoutRepetition } from "./service/output.ts";
import { choosePorts } from "./service/ports.ts";
import { differences } from "./show/check.ts";
import { clock, eventLine } from "./show/line.ts";
import { runProgram } from "./show/program.ts";
import { simulatedGateway, trackExamples } from "./show/tracked-examples.ts";

const SWEEP_SECONDS = 1;
/** All events must have arrived by then, counted from the start. */
const LIMIT_MS = 90_000;
/** How long to wait for events that should not come: three more sweeps. */
const QUIET_MS = 3 * SWEEP_SECONDS * 1000;

commandLine(
  "Shows what npm start shows, checks it, and ends with 0 when every event came as expected: npm run demo",
  {},
);

const say = (text: string) => console.log(`${clock(new Date())}  ${text}`);
const onTrouble = withoutRepetition((line) => console.error(`${clock(new Date())}  functions: ${line}`));

await runProgram(async (signal) => {
  const limit = AbortSignal.timeout(LIMIT_MS);
  const ending = new AbortController();
  const until = AbortSignal.any([signal, limit, ending.signal]);
  say("starting");
  const ports = {
    ...(await choosePorts({ http: 0, lambda: 0 })),
    dynamodb: 0,
    messaging: 0,
    secrets: 0,
    aws: 0,
  };
  await using enos = await startEnosSimulator();
  const gateway = simulatedGateway(enos);
  await using service = await LocalService.start({
    gatewayUrl: gateway.url,
    ports,
    sweepSeconds: SWEEP_SECONDS,
    onTrouble,
    signal: until,
  });
  await service.cloud.putSecret(gateway.orgId, gateway);
  const subscription = await service.cloud.subscribe("events");
  const tracked = await trackExamples({
    enos,
    gateway,
    service,
    onTracked: ({ example, task }) => say(`tracked  ${task.taskId}  ${example.about}`),
    signal: until,
  });

  const received: ReceivedMessage[] = [];
  const expected = tracked.filter(({ example }) => example.end).length;
  const listening = (async () => {
    for await (const message of subscription.receive(until)) {
      received.push(message);
      const event = message.body as TerminalEvent;
      say(eventLine(event, tracked.find(({ task }) => task.taskId === event.subject)?.endsAt));
      // Keep waiting after the last expected event: any further one is an error.
      if (received.length === expected) void delay(QUIET_MS).then(() => ending.abort());
    }
  })();
  await Promise.race([listening, service.functions.died]);
  signal.throwIfAborted();
  if (limit.aborted) console.error(`\nnot all events came within ${LIMIT_MS / 1000} s`);

  const subjectOf = ({ body }: ReceivedMessage) => (body as TerminalEvent).subject;
  const table: Record<string, object> = {};
  const problems: string[] = [];
  for (const each of tracked) {
    const { example, task } = each;
    const own = received.filter((message) => subjectOf(message) === task.taskId);
    const wrong = await differences(each, own, service.client);
    problems.push(...wrong.map((text) => `${example.name}: ${text}`));
    const event = own[0]?.body as TerminalEvent | undefined;
    table[example.name] = {
      expected: example.end?.state ?? "no event",
      received: own.map(({ attributes }) => attributes.state).join(", ") || "no event",
      "seconds after tracking": event
        ? ((Date.parse(event.time) - Date.parse(each.record.trackedAt)) / 1000).toFixed(1)
        : "",
      "seconds after its end":
        event && each.endsAt !== undefined ? ((Date.parse(event.time) - each.endsAt) / 1000).toFixed(1) : "",
      ok: wrong.length === 0 ? "yes" : "NO",
    };
  }
  const known = new Set(tracked.map(({ task }) => task.taskId));
  for (const message of received.filter((each) => !known.has(subjectOf(each)))) {
    problems.push(`an event of no task of ours: ${JSON.stringify(message)}`);
  }
  console.table(table);
  for (const problem of problems) console.error(`\n${problem}`);
  console.log(problems.length === 0 ? "every event came as expected" : `${problems.length} differences`);
  return problems.length === 0 ? 0 : 1;
}, 1);
