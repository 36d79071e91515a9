import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** Runs a program like the commands of `package.json`, but nobody reads its output. */
async function unread(program: string, env: Record<string, string> = {}) {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, ["infra/program/node.cjs", program], {
    env: { PATH, HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.destroy();
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints += chunk;
  });
  await once(child, "close");
  return { complaints, exit: child.exitCode };
}

describe("a program whose output nobody reads any more", () => {
  it("ends without a stack trace", async () => {
    const env = {
      AWS_ENDPOINT_URL: "http://127.0.0.1:9",
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
    };
    expect(await unread("ops/doctor/main.ts", env)).toEqual({ complaints: "", exit: 1 });
  });

  it("cleans up as on SIGTERM; any other error of its output is thrown", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "program-"));
    const program = join(folder.path, "program.mjs");
    await writeFile(
      program,
      `const printing = setInterval(() => console.log("more"), 5);
      process.once("SIGTERM", () => {
        setTimeout(() => {
          clearInterval(printing);
          console.error("cleaned up");
        }, 50);
      });`,
    );
    expect(await unread(program)).toEqual({ complaints: "cleaned up\n", exit: 0 });
    await writeFile(program, `process.stdout.destroy(new Error("the disk is full"));`);
    const other = await unread(program);
    expect(other.complaints).toContain("Error: the disk is full");
    expect(other.exit).not.toBe(0);
  });
});

it("every command of package.json says so if nothing is installed", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const others = Object.entries(scripts).filter(
    ([, line]) => !line.includes("infra/program/node.cjs") && !line.startsWith("npm run check "),
  );
  expect(others).toEqual([]);
});
