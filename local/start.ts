/** `npm start`: the service on this machine, with something to see. */
import type { TerminalEvent } from "../lib/events/event.ts";
import { startEnosSimulator } from "./enos/simulator.ts";
import { LocalService } from "./service/local-service.ts";
import { choosePorts } from "./service/ports.ts";
import { askCommands, endCommand } from "./show/commands.ts";
import { gatewayIn } from "./show/gateway.ts";
import { clock, eventLine } from "./show/line.ts";
import { runProgram } from "./show/program.ts";
import { openStage, play } from "./show/stage.ts";

/** How often the tasks are checked: a simulator does not mind, a real gateway is not hurried. */
const SIMULATED_SWEEP_SECONDS = 2;
const REAL_SWEEP_SECONDS = 5;

const say = (text: string) => console.log(`${clock(new Date())}  ${text}`);
const onTrouble = (line: string) => console.error(`${clock(new Date())}  functions: ${line}`);

await runProgram(async (signal) => {
  const real = gatewayIn(process.env);
  say(`starting, with ${real ? `EnOS at ${real.url}` : "a simulated EnOS"} (Ctrl-C ends it)`);
  // Fixed where they are free, since people see and type them; nobody does those of the other parts.
  const { enos: enosPort, ...fixed } = await choosePorts({
    http: 3000,
    lambda: 3002,
    enos: 4000,
    messaging: 4566,
  });
  const ports = { ...fixed, dynamodb: 0, secrets: 0 };
  await using enos = real ? undefined : await startEnosSimulator({ port: enosPort });
  const gateway = enos ? openStage(enos) : real;
  if (!gateway) throw new Error("there is neither a gateway nor a simulator");

  const sweepSeconds = real ? REAL_SWEEP_SECONDS : SIMULATED_SWEEP_SECONDS;
  await using service = await LocalService.start({
    gatewayUrl: gateway.url,
    ports,
    sweepSeconds,
    onTrouble,
    signal,
  });
  await service.cloud.putSecret(gateway.orgId, gateway);
  const subscription = await service.cloud.subscribe("events");
  say(`the HTTP API listens at ${service.functions.url}; a sweep runs every ${sweepSeconds} s`);
  say(`SNS and SQS listen at ${service.cloud.urls.messaging}; the topic is ${service.cloud.topicArn}`);

  if (enos) {
    const played = await play(
      enos,
      gateway,
      service,
      ({ part, task }) => say(`tracked  ${task.taskId}  ${part.about}`),
      signal,
    );
    const open = played.find(({ part }) => !part.outcome)?.task;
    if (open) console.log(`\n${askCommands(service.functions.url, open)}\n${endCommand(enos.url, open)}\n`);
  } else {
    const { orgId } = gateway;
    const task = { orgId, channelId: "CHANNEL", taskId: "TASK" };
    console.log(`\n# put in the channel and the task\n${askCommands(service.functions.url, task)}\n`);
  }
  say("terminal events, as an SQS queue that is subscribed to the topic receives them:");
  const printed = (async () => {
    for await (const { body } of subscription.receive(signal)) console.log(eventLine(body as TerminalEvent));
  })();
  await Promise.race([printed, service.functions.died]);
  return 0;
}, 0);
