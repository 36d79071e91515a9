/** DynamoDB as a process of its own: `node local/aws/dynamodb-main.ts [port] [directory]`. */
import { startDynamoDB } from "./dynamodb.ts";
import { portArgument, runStandalone } from "./standalone.ts";

const path = process.argv[3];

await runStandalone(async () => startDynamoDB({ port: portArgument(), ...(path && { path }) }));
