/** SNS and SQS as a process of its own: `node local/aws/messaging-main.ts [port] [directory]`. */
import { startMessaging } from "./messaging.ts";
import { portArgument, runStandalone } from "./standalone.ts";

const dataDir = process.argv[3];

await runStandalone(async () => startMessaging({ port: portArgument(), ...(dataDir && { dataDir }) }));
