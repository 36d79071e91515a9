import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { shellSetup } from "../../../local/show/commands.ts";
import { parseCommand } from "../../../ops/tasks/arguments.ts";

it("the printed lines lead npm run tasks to this run, whichever port it has", () => {
  const setup = shellSetup({
    serviceUrl: "http://127.0.0.1:3456",
    awsUrl: "http://127.0.0.1:4567",
    topicArn: "arn:aws:sns:eu-central-1:000000000000:events",
    region: "eu-central-1",
    task: { orgId: "o1", channelId: "ch-1", taskId: "t1" },
  });
  const [TASKS_API, ORG = ""] = execFileSync("bash", ["-euc", `${setup}\nprintenv TASKS_API ORG`], {
    encoding: "utf8",
    env: { PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "inherit"],
  }).split("\n");
  const command = parseCommand(["list", "--org", ORG], { TASKS_API });
  expect([command?.api.href, command?.orgId]).toEqual(["http://127.0.0.1:3456/", "o1"]);
});
