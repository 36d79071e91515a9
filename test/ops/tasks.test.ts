import { execFile } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { UsageError } from "../../infra/program/command-line.ts";
import { type Loopback, listen } from "../../local/loopback.ts";
import { isLocal, parseCommand } from "../../ops/tasks/arguments.ts";
import { Progress } from "../../ops/tasks/progress.ts";
import { regionOf, sigV4 } from "../../ops/tasks/sigv4.ts";

const MAIN = fileURLToPath(new URL("../../ops/tasks/main.ts", import.meta.url));

/** What the service is told to answer next; the last is repeated. */
type Reply = { status: number; headers?: Record<string, string>; body: object | null };

let server: Loopback;
let url: string;
let replies: Record<string, Reply[]> = {};
const seen: { method: string; path: string; headers: IncomingHttpHeaders; body: string }[] = [];

beforeAll(async () => {
  const api = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body });
    const [task = ""] = /[^/]+(?=\/(status|tracking))|tracked-tasks/.exec(request.url ?? "") ?? [];
    const queue = replies[task] ?? [];
    const reply = (queue.length > 1 ? queue.shift() : queue[0]) ?? {
      status: 404,
      body: { message: "Not Found" },
    };
    response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
    response.end(reply.body === null ? "" : JSON.stringify(reply.body));
  });
  server = await listen(api);
  url = server.url;
});

afterAll(() => server[Symbol.asyncDispose]());
afterEach(() => {
  replies = {};
  seen.length = 0;
});

function tasks(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ exit: number; out: string[]; err: string }> {
  return new Promise((resolve) => {
    const { PATH = "" } = process.env;
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { env: { PATH, TASKS_API: url, ...env } },
      (_error, stdout, stderr) => {
        resolve({ exit: child.exitCode ?? -1, out: stdout.split("\n").filter(Boolean), err: stderr });
      },
    );
  });
}

const status = (state: string, more: object = {}): Reply => ({
  status: 200,
  headers: state === "running" ? { "retry-after": "0" } : {},
  body: {
    code: 0,
    msg: "success",
    requestId: "r",
    data: {
      orgId: "o1",
      channelId: "c",
      taskId: "t",
      state,
      terminal: state !== "running",
      dataSize: null,
      downloadUrl: null,
      ...more,
    },
  },
});
const failure = (statusCode: number, msg: string, headers: Record<string, string> = {}): Reply => ({
  status: statusCode,
  headers,
  body: { code: 99_000 + statusCode, msg, requestId: "r", data: null },
});

it("says in one line what to do if there are no credentials", async () => {
  const env = { AWS_EC2_METADATA_DISABLED: "true", HOME: "/nonexistent" };
  const api = ["--api", "https://a1b2c3.execute-api.eu-central-1.amazonaws.com", "--org", "o1"];
  const trouble = "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
  const [ask, list] = await Promise.all([
    tasks(["ask", ...api, "ch-1/t1"], env),
    tasks(["list", ...api], env),
  ]);
  expect([ask.err, list.err]).toEqual([`o1/ch-1/t1: ${trouble}\n`, `${trouble}\n`]);
});

describe("npm run tasks", () => {
  it.each([
    ["succeeded", 0],
    ["failed", 1],
    ["cancelled", 3],
    ["expired", 4],
    ["running", 5],
  ])("ask: a task that is %s leads to exit status %d", async (state, exit) => {
    replies = { t: [status(state)] };
    const done = await tasks(["ask", "--org", "o1", "c/t"]);
    expect(done).toEqual({ exit, out: [`${state.padEnd(10)}  o1/c/t`], err: "" });
    expect(seen[0]?.path).toBe("/organisations/o1/data-federation/v2.0/channels/read/c/download/t/status");
  });

  it("wait: asks until every task has ended, and exits with the highest status", async () => {
    replies = {
      good: [
        status("running"),
        failure(502, "EnOS is broken", { "retry-after": "0" }),
        status("succeeded", { taskId: "good", dataSize: 7 }),
      ],
      bad: [failure(429, "slow down", { "retry-after": "0" }), status("failed", { taskId: "bad" })],
    };
    const { exit, out, err } = await tasks([
      "wait",
      "--org",
      "o1",
      "--channel",
      "c",
      "good",
      "bad",
      "--json",
    ]);
    expect([exit, err]).toEqual([1, ""]);
    expect(out.map((line) => JSON.parse(line).state).sort()).toEqual(["failed", "succeeded"]);
    expect(seen.map(({ headers }) => headers.prefer)).toEqual(Array(5).fill("wait=25"));
  });

  it("wait: exits with 5 when its time is up", async () => {
    replies = { t: [{ ...status("running"), headers: { "retry-after": "60" } }] };
    const { exit, out } = await tasks(["wait", "--org", "o1", "c/t", "--timeout", "1"]);
    expect([exit, out]).toEqual([5, ["running     o1/c/t"]]);
  });

  it("wait: does not ask again after a refusal", async () => {
    replies = { t: [failure(404, "no such task")] };
    const { exit, err } = await tasks(["wait", "--org", "o1", "c/t"]);
    const problem = "EnOS does not know the task: check the ids (code 99404, request r)";
    expect([exit, err, seen.length]).toEqual([6, `o1/c/t: ${problem}\n`, 1]);
  });

  it("ask: does not take API Gateway's 404 for one of EnOS", async () => {
    expect(await tasks(["ask", "--org", "o1", "c/t"])).toMatchObject({
      exit: 6,
      err: "o1/c/t: 404: Not Found\n",
    });
  });

  it("list: says that there are none, but not where scripts read", async () => {
    replies = { "tracked-tasks": [{ status: 200, body: { code: 0, data: { tasks: [], cursor: null } } }] };
    const none = { exit: 0, out: [] };
    expect(await tasks(["list", "--org", "nope"])).toEqual({ ...none, err: "no tracked tasks of nope\n" });
    expect(await tasks(["list", "--org", "o1", "--state", "failed"])).toEqual({
      ...none,
      err: "no such tracked tasks of o1\n",
    });
  });

  it("track: sends all options, with PUT for one task and in bulk for several", async () => {
    const record = {
      orgId: "o1",
      channelId: "c",
      taskId: "t",
      state: "pending",
      dataSize: null,
      downloadUrl: null,
    };
    replies = {
      t: [{ status: 201, body: { code: 0, data: record } }],
      "tracked-tasks": [
        {
          status: 207,
          body: {
            code: 0,
            data: {
              outcomes: [
                { channelId: "c", taskId: "t", status: 200, msg: "success", record },
                { channelId: "c", taskId: "u", status: 503, msg: "not in time", record: null },
              ],
              failed: 1,
            },
          },
        },
      ],
    };
    const given = ["--correlation-id", "order-1", "--label", "a=b=c", "--label", "d=", "--deadline", "60"];
    const options = { correlationId: "order-1", labels: { a: "b=c", d: "" }, deadlineSeconds: 60 };
    expect(await tasks(["track", "--org", "o1", "c/t", ...given])).toMatchObject({
      exit: 0,
      out: ["pending     o1/c/t"],
    });
    const many = await tasks(["track", "--org", "o1", "--channel", "c", "t", "u", ...given]);
    const unchanged = "was tracked already: its correlation id, labels and deadline are unchanged";
    expect(many).toEqual({
      exit: 7,
      out: ["pending     o1/c/t"],
      err: `o1/c/t: ${unchanged}\no1/c/u: 503: not in time\n`,
    });
    replies.t = [{ status: 200, body: { code: 0, data: record } }];
    expect(await tasks(["track", "--org", "o1", "c/t", ...given])).toEqual({
      exit: 0,
      out: ["pending     o1/c/t"],
      err: `o1/c/t: ${unchanged}\n`,
    });
    expect(seen.map(({ method, body }) => [method, JSON.parse(body)])).toEqual([
      ["PUT", options],
      ["POST", { tasks: ["t", "u"].map((taskId) => ({ channelId: "c", taskId, ...options })) }],
      ["PUT", options],
    ]);
  });

  it("list: follows the pages, with the filters", async () => {
    const page = (taskId: string, cursor: string | null): Reply => ({
      status: 200,
      body: {
        code: 0,
        data: {
          tasks: [
            { orgId: "o1", channelId: "c", taskId, state: "failed", dataSize: null, downloadUrl: null },
          ],
          cursor,
        },
      },
    });
    replies = { "tracked-tasks": [page("t1", "next"), page("t2", null)] };
    const filters = ["--state", "failed,expired", "--channel", "c", "--since", "2026-11-24T00:00:00Z"];
    const { exit, out } = await tasks(["list", "--org", "o1", ...filters]);
    expect([exit, out]).toEqual([0, ["failed      o1/c/t1", "failed      o1/c/t2"]]);
    expect(seen.map(({ path }) => Object.fromEntries(new URL(path, url).searchParams))).toEqual([
      { state: "failed,expired", channelId: "c", finishedSince: "2026-11-24T00:00:00Z", limit: "100" },
      {
        state: "failed,expired",
        channelId: "c",
        finishedSince: "2026-11-24T00:00:00Z",
        limit: "100",
        cursor: "next",
      },
    ]);
  });

  it("untrack: prints nothing and exits with 0", async () => {
    replies = { t: [{ status: 204, body: null }] };
    expect(await tasks(["untrack", "--org", "o1", "c/t"])).toEqual({ exit: 0, out: [], err: "" });
  });

  it("sends a JWT if there is one, and never prints it", async () => {
    replies = { t: [{ status: 401, body: { message: "Unauthorized" } }] };
    const { exit, err } = await tasks(["ask", "--org", "o1", "c/t"], { TASKS_JWT: "a.secret.token" });
    expect([exit, err]).toEqual([6, "o1/c/t: 401: Unauthorized\n"]);
    expect(seen[0]?.headers.authorization).toBe("Bearer a.secret.token");
  });

  it("exits with 7 and one line with the cause if there is no answer", async () => {
    const closed = await listen(createServer());
    await closed[Symbol.asyncDispose]();
    for (const [api, cause] of [
      [closed.url, "ECONNREFUSED"],
      // fetch calls nobody on this port.
      ["http://127.0.0.1:9", "bad port"],
    ] as const) {
      const { exit, err } = await tasks(["ask", "--org", "o1", "c/t", "--api", api]);
      expect([exit, err]).toEqual([7, `o1/c/t: ${api} does not answer (${cause})\n`]);
    }
  });

  it("prints its help, and one line about an invalid command line", async () => {
    expect(await tasks([])).toMatchObject({ exit: 0, err: "" });
    expect(await tasks(["ask", "--org", "o1"])).toEqual({
      exit: 2,
      out: [],
      err: "ask needs a task (see --help)\n",
    });
  });
});

describe("a command line", () => {
  const refusal = (args: string[]) => {
    try {
      return parseCommand(args, {});
    } catch (error) {
      return error instanceof UsageError ? error.message : error;
    }
  };

  it.each([
    [["stop"], "there is no command stop"],
    [["ask", "t"], "--org is missing"],
    [["ask", "--org", "o.1", "c/t"], "--org may have letters, digits, _ and - only, 128 at most"],
    [["ask", "--org", "o1", "t"], "t needs --channel, or has to be CHANNEL/t"],
    [["ask", "--org", "o1", "a/b/c"], "a/b/c is not a task: use CHANNEL/ID"],
    [["ask", "--org", "o1", "c/.."], "the task may have letters, digits, _ and - only, 128 at most"],
    [["list", "--org", "o1", "t"], "t needs --channel, or has to be CHANNEL/t"],
    [["list", "--org", "o1", "c/t"], "list takes no tasks"],
    [["wait", "--org", "o1", "c/t", "--timeout", "soon"], "--timeout must be a whole number of seconds"],
    [["track", "--org", "o1", "c/t", "--label", "a"], "--label must be NAME=TEXT, not a"],
    [
      ["ask", "--org", "o1", "c/t", "--api", "http://api.example"],
      "--api must be an https address (http on this machine only)",
    ],
    [
      ["list", "--org", "o1", "--since", "yesterday"],
      "--since must be a date and a time with its zone, as in 2026-11-24T18:56:38Z",
    ],
    [
      ["list", "--org", "o1", "--state", "failed,over"],
      expect.stringMatching(/^--state must be one or several of /),
    ],
    [
      ["track", "--org", "o1", "c/t", "--correlation-id", "order 1"],
      expect.stringMatching(/^--correlation-id may have /),
    ],
    [["track", "--org", "o1", "c/t", "--label", "1=a"], expect.stringMatching(/^--label must begin with /)],
    [
      ["track", "--org", "o1", "c/t", ...Array.from({ length: 11 }, (_, n) => `--label=a${n}=b`)],
      "--label may be 10 at most",
    ],
    [["track", "--org", "o1", "c/t", "--deadline", "0"], "--deadline must be at least 1"],
    [["ask", "--orgs", "o1"], expect.stringContaining("--orgs")],
  ])("%j is refused", (args, message) => {
    expect(refusal(args)).toEqual(message);
  });

  it("recognises addresses on this machine, and the region in an address", () => {
    expect(
      ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:1"].map((text) => isLocal(new URL(text))),
    ).toEqual([true, true, true]);
    expect(isLocal(new URL("https://127.example"))).toBe(false);
    expect(regionOf(new URL("https://abc.execute-api.cn-north-1.amazonaws.com.cn/"))).toBe("cn-north-1");
    expect(regionOf(new URL("https://api.example/"))).toBeUndefined();
  });
});

describe("SigV4", () => {
  it("matches AWS's description, computed here by hand", async () => {
    const credentials = {
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      sessionToken: "a-token",
    };
    const api = new URL(
      "https://abc.execute-api.eu-central-1.amazonaws.com/organisations/o1/tracked-tasks?state=a%2Cb&limit=100",
    );
    const body = '{"tasks":[]}';
    const headers = await sigV4("eu-central-1", credentials)(
      "POST",
      api,
      { "content-type": "application/json" },
      body,
    );
    const [, date = "", signed = "", signature] =
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/(\d{8})\/eu-central-1\/execute-api\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
        headers.authorization ?? "",
      ) ?? [];
    const all: Record<string, string> = { ...headers, host: api.host };
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    const canonical = [
      "POST",
      "/organisations/o1/tracked-tasks",
      "limit=100&state=a%2Cb",
      ...signed.split(";").map((name) => `${name}:${all[name]}`),
      "",
      signed,
      sha256(body),
    ].join("\n");
    const toSign = [
      "AWS4-HMAC-SHA256",
      headers["x-amz-date"],
      `${date}/eu-central-1/execute-api/aws4_request`,
      sha256(canonical),
    ].join("\n");
    const key = [date, "eu-central-1", "execute-api", "aws4_request"].reduce<string | Buffer>(
      (secret, part) => createHmac("sha256", secret).update(part).digest(),
      `AWS4${credentials.secretAccessKey}`,
    );
    expect(createHmac("sha256", key).update(toSign).digest("hex")).toBe(signature);
    expect(headers["x-amz-security-token"]).toBe("a-token");
  });
});

it("a progress line appears only on a terminal, and is removed at the end", () => {
  const written: string[] = [];
  const stream = { columns: 20, write: (text: string) => written.push(text) > 0 };
  {
    using quiet = new Progress({ ...stream, isTTY: false } as never, 2);
    quiet.done();
  }
  expect(written).toEqual([]);
  {
    using shown = new Progress({ ...stream, isTTY: true } as never, 2);
    shown.done();
  }
  expect(written[0]).toBe("\r\u001b[Kwaiting for 2 of 2,");
  expect(written.at(-1)).toBe("\r\u001b[K");
});
