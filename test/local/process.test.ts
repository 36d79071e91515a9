import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { send } from "./enos/raw-client.ts";

let child: ChildProcess | undefined;

afterEach(() => {
  child?.kill("SIGKILL");
});

async function start(main: string): Promise<string> {
  child = spawn(process.execPath, [main, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  if (child.stdout === null) throw new Error("no stdout");
  const [line] = await once(createInterface(child.stdout), "line");
  return JSON.parse(line).url;
}

describe("a part of the local cloud as a process of its own", () => {
  it.each(["local/enos/main.ts", "local/aws/dynamodb-main.ts", "local/aws/messaging-main.ts"])(
    "%s says where it listens, and ends on SIGTERM",
    async (main) => {
      const url = await start(main);
      expect(new URL(url).hostname).toBe("127.0.0.1");
      expect((await send(url)).httpStatus).toBeGreaterThan(0);
      child?.kill("SIGTERM");
      expect(await once(child as ChildProcess, "exit")).toEqual([0, null]);
    },
  );
});
