import { createServer } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { queryRefusal } from "../../local/aws/query-protocol.ts";
import { listen } from "../../local/loopback.ts";
import { checkCommand } from "../../ops/osls-command.ts";
import { checkCredentials } from "../../ops/osls-credentials.ts";
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

describe("npm run deploy says in one line, before it packages,", () => {
  const CREDENTIALS = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
  const deploy = async (env: Record<string, string>) => {
    await using program = new Program("ops/osls.ts", { ...GATEWAY, HOME: "/nonexistent", ...env }, "deploy");
    await program.ended;
    return { exit: program.process.exitCode, lines: program.output.trim().split("\n").slice(1) };
  };

  it("that there are no credentials", async () => {
    expect(await deploy({ AWS_EC2_METADATA_DISABLED: "true" })).toEqual({
      exit: 1,
      lines: [`no AWS credentials: ${CREDENTIALS}`],
    });
  });

  it("that AWS does not know those that there are", async () => {
    const sts = createServer((_, response) => {
      const { status, type, body } = queryRefusal(403, "InvalidClientTokenId", "the token is invalid");
      response.writeHead(status, { "content-type": type }).end(body);
    });
    await using server = await listen(sts);
    const keys = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "example" };
    expect(await deploy({ ...keys, AWS_ENDPOINT_URL_STS: server.url })).toEqual({
      exit: 1,
      lines: [`AWS does not know these credentials: ${CREDENTIALS}`],
    });
  });
});

it("credentials of a profile are left to osls, which may ask for a code", async () => {
  const none = { AWS_EC2_METADATA_DISABLED: "true", HOME: "/nonexistent", AWS_ACCESS_KEY_ID: undefined };
  for (const [name, value] of Object.entries(none)) vi.stubEnv(name, value);
  const region = "eu-central-1";
  await expect(checkCredentials(["deploy"], { stage: "prod", region, env: {} })).rejects.toThrow(
    "no AWS credentials",
  );
  for (const [args, env] of [
    [["deploy", "--aws-profile", "team"], {}],
    [["deploy", "--aws-profile=team"], {}],
    [["deploy"], { AWS_PROFILE: "team" }],
    [["deploy"], { AWS_PROD_PROFILE: "team" }],
    [["deploy"], { AWS_PROD_ACCESS_KEY_ID: "AKIAEXAMPLE" }],
    [["package"], {}],
    [["invoke", "local"], {}],
    [["deploy", "--help"], {}],
  ] as const) {
    await expect(checkCredentials(args, { stage: "prod", region, env })).resolves.toBeUndefined();
  }
});
