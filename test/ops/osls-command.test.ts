import { describe, expect, it } from "vitest";
import { checkCommand } from "../../ops/osls-command.ts";
import { Program } from "../support/program.ts";

const GATEWAY = { ENOS_API_BASE_URL: "https://apim.example.com" };
const LOCAL_AWS = {
  AWS_ENDPOINT_URL: "http://127.0.0.1:4566",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
};

const refusal = (args: string[], env: Record<string, string>, stage = "dev") => {
  try {
    return checkCommand(args, { stage, env });
  } catch (error) {
    return (error as Error).message;
  }
};

describe("a command of osls", () => {
  it.each<[args: string[], env: Record<string, string>, message: string]>([
    [["package"], { SWEEP_SHARDS: "0" }, "Settings: SWEEP_SHARDS must be at least 1"],
    [["package"], { ENOS_CA_FILE: "stages/no.pem" }, "ENOS_CA_FILE stages/no.pem cannot be read (ENOENT)"],
    [["offline"], { ENOS_CA_FILE: "stages" }, "ENOS_CA_FILE stages cannot be read (EISDIR)"],
    [["deploy", "--stage", "dev"], {}, "ENOS_API_BASE_URL is missing"],
    [["info"], { TAGS: "team" }, "Settings: TAGS must be name=value pairs"],
    [["deploy"], { ...GATEWAY, ...LOCAL_AWS }, "AWS_ENDPOINT_URL is http://127.0.0.1:4566"],
    [["remove", "--stage", "dev"], LOCAL_AWS, "AWS_ENDPOINT_URL is http://127.0.0.1:4566"],
    [["rollback"], GATEWAY, "rollback would replace resources without asking"],
    [
      ["rollback", "--timestamp", "1795689373551"],
      GATEWAY,
      "rollback would replace resources without asking",
    ],
  ])("%j with %j is refused in one line", (args, env, message) => {
    expect(refusal(args, env)?.slice(0, message.length)).toBe(message);
    expect(refusal(args, env)).not.toContain("\n");
  });

  it("is refused for a stage that makes a function's name too long", () => {
    expect(refusal(["deploy"], GATEWAY, "a".repeat(40))).toMatch(/^STAGE a+ is too long by 4: /);
  });

  it("is not refused if it does not need what is missing, or only explains itself", () => {
    expect(refusal(["package"], LOCAL_AWS)).toBeUndefined();
    expect(refusal(["rollback", "function"], GATEWAY)).toBeUndefined();
    expect(refusal(["info"], { ENOS_CA_FILE: "stages/no.pem" })).toBeUndefined();
    expect(refusal(["deploy", "--help"], LOCAL_AWS)).toBeUndefined();
    expect(refusal(["deploy"], { ...GATEWAY, AWS_ENDPOINT_URL: "https://aws.corp.example" })).toBeUndefined();
  });
});

it("npm run deploy says in one line that a shell is set for npm start, and what to unset", async () => {
  await using program = new Program("ops/osls.ts", { ...GATEWAY, ...LOCAL_AWS }, "deploy");
  await program.ended;
  expect(program.output.split("\n").slice(1)).toEqual([
    "AWS_ENDPOINT_URL is http://127.0.0.1:4566, which is the local AWS of npm start, not an account: use another shell, or first: unset AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY",
    "",
  ]);
  expect(program.process.exitCode).toBe(1);
});
