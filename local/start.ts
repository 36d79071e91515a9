/** `npm start`: the service on this machine, with examples. */
import { commandLine } from "../infra/program/command-line.ts";
import type { TerminalEvent } from "../lib/events/event.ts";
import { REGION } from "./cloud.ts";
import { startEnosSimulator } from "./enos/simulator.ts";
import { LocalService } from "./service/local-service.ts";
import { withoutRepetition } from "./service/output.ts";
import { choosePorts, httpPortIn } from "./service/ports.ts";
import { showCallers } from "./show/callers.ts";
import { firstCommands, shellSetup } from "./show/commands.ts";
import { gatewayIn } from "./show/gateway.ts";
import { clock, duration, eventLine } from "./show/line.ts";
import { runProgram } from "./show/program.ts";
import { simulatedGateway, type TrackedExample, trackExamples } from "./show/tracked-examples.ts";

/** The sweep interval: short with the simulator, longer with a real gateway. */
const SIMULATED_SWEEP_SECONDS = 2;
const REAL_SWEEP_SECONDS = 5;

const HTTP_PORT = 3000;

const USAGE = `Runs the service on this machine, with a simulated EnOS, until Ctrl-C ends it: npm start
  HTTP_PORT                           the port of the HTTP API (${HTTP_PORT}, or another if that is occupied)
  ENOS_API_BASE_URL, ENOS_ORG_ID,
  ENOS_ACCESS_KEY, ENOS_SECRET_KEY    a real EnOS instead of the simulated one, and an organisation there
  ENOS_HTTP_HOSTS, ENOS_CA_FILE       how that one may be reached, as in docs/settings.md`;

commandLine(USAGE, {});

const say = (text: string) => console.log(`${clock(new Date())}  ${text}`);
const onTrouble = withoutRepetition((line) => console.error(`${clock(new Date())}  functions: ${line}`));

await runProgram(async (signal) => {
  const real = gatewayIn(process.env);
  const httpPort = await httpPortIn(process.env);
  say(`starting, with ${real ? `EnOS at ${real.url}` : "a simulated EnOS"} (Ctrl-C ends it)`);
  // Fixed ports if they are free, since people see and type these; the others are arbitrary.
  const { enos: enosPort, ...fixed } = await choosePorts({
    http: httpPort ?? HTTP_PORT,
    lambda: 3002,
    enos: 4000,
    aws: 4566,
  });
  const ports = { ...fixed, dynamodb: 0, messaging: 0, secrets: 0 };
  if (!httpPort && ports.http !== HTTP_PORT) {
    say(`port ${HTTP_PORT} is occupied, so the HTTP API takes ${ports.http} (HTTP_PORT chooses another)`);
  }
  await using enos = real ? undefined : await startEnosSimulator({ port: enosPort });
  const gateway = enos ? simulatedGateway(enos) : real;
  if (!gateway) throw new Error("there is neither a gateway nor a simulator");

  const sweepSeconds = real ? REAL_SWEEP_SECONDS : SIMULATED_SWEEP_SECONDS;
  await using service = await LocalService.start({
    gatewayUrl: gateway.url,
    ...(real?.settings && { gatewaySettings: real.settings }),
    ports,
    sweepSeconds,
    onTrouble,
    signal,
  });
  await service.cloud.putSecret(gateway.orgId, gateway);
  const subscription = await service.cloud.subscribe("events");
  say(`the HTTP API listens at ${service.functions.url}; a sweep runs every ${sweepSeconds} s`);
  say(`the local AWS listens at ${service.awsUrl}`);

  const show = enos && {
    enos,
    gateway,
    service,
    onTracked: ({ example, task }: TrackedExample) => say(`tracked  ${task.taskId}  ${example.about}`),
    signal,
  };
  const tracked = show ? await trackExamples(show) : [];
  const callers = show && (await showCallers(show));
  signal.throwIfAborted();
  if (callers)
    say(`tracked  ${callers.statuses.length} tasks with one request: ${callers.statuses.join(", ")}`);
  const open = tracked.find(({ example }) => !example.end)?.task;
  const task = open ?? { orgId: gateway.orgId, channelId: "CHANNEL", taskId: "TASK" };
  const where = {
    serviceUrl: service.functions.url,
    awsUrl: service.awsUrl,
    topicArn: service.cloud.topicArn,
    region: REGION,
    task,
  };
  console.log(`
# Paste this into a second terminal: the commands of README.md then find what runs here.${
    open ? " The task is the one that keeps running." : " Put in a channel and a task of yours."
  }
${shellSetup({ ...where, enosUrl: enos?.url })}

# And try:
${firstCommands(enos !== undefined)}
`);
  say("terminal events, as an SQS queue that is subscribed to the topic receives them:");
  const printed = (async () => {
    for await (const { body } of subscription.receive(signal)) {
      const event = body as TerminalEvent;
      const example = tracked.find(({ task }) => task.taskId === event.subject);
      say(eventLine(event, example?.endsAt ?? callers?.endsAt.get(event.subject)));
    }
  })();
  callers?.waited.then(
    ({ taskId, state, afterItsEndMs }) =>
      say(`a lookup that waits: ${taskId} ${state}, answered ${duration(afterItsEndMs)} after its end`),
    // The functions have died, or this was stopped: that has been reported already.
    () => {},
  );
  await Promise.race([printed, service.functions.died]);
  return 0;
}, 0);
