import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EnosError, EnosErrorKind } from "../../lib/enos/errors.ts";
import { GOOD, http, RawGateway, type Reply, TOKEN } from "./raw-gateway.ts";

// What is decided for every kind of thing that may come back, over a socket that writes it byte by byte.

const TASK = { orgId: "o1", channelId: "ch-1", taskId: "t1" };

let gateway: RawGateway;

beforeAll(async () => {
  gateway = await RawGateway.start();
});

afterAll(() => gateway[Symbol.asyncDispose]());

/** What a call comes to: the state, or the kind of error; and how many status requests it took. */
interface Outcome {
  came: string;
  code?: number | undefined;
  retryAfterSeconds?: number | undefined;
  requests: number;
}

async function outcome(reply: Reply, singleAttempt: boolean): Promise<Outcome> {
  gateway.status = reply;
  gateway.reset();
  const call = gateway.client().getDownloadStatus(TASK, { singleAttempt });
  const came = await call.then(
    ({ state }) => ({ came: state }),
    ({ kind, code, retryAfterSeconds, isConnected }: EnosError) => {
      // Whatever went wrong here, somebody was there.
      expect(isConnected).toBe(true);
      return { came: kind, code, retryAfterSeconds };
    },
  );
  return { ...came, requests: gateway.of("status").length };
}

/** Asked for, asked for anew, and renewed, since the same one was handed out again. */
const tokensAsked = () => gateway.of("token").map(({ path }) => path.split("/").at(-1));

type Row = [what: string, reply: Reply];

/** Each comes to the same for a lookup and for a sweep's check, in one request. */
function table(came: "succeeded" | EnosErrorKind, rows: Row[]): void {
  it.each(rows)("%s", async (_, reply) => {
    for (const singleAttempt of [false, true]) {
      expect(await outcome(reply, singleAttempt)).toMatchObject({ came, requests: 1 });
    }
  });
}

/** Each is tried twice more by a lookup, and not by a sweep's check. */
function retried(came: EnosErrorKind, rows: Row[]): void {
  it.each(rows)("%s", async (_, reply) => {
    expect(await outcome(reply, false)).toMatchObject({ came, requests: 3 });
    expect(await outcome(reply, true)).toMatchObject({ came, requests: 1 });
  });
}

/** Written, and then the connection ends. */
const andEnd =
  (bytes: string | Buffer): Reply =>
  (socket) =>
    socket.end(bytes);

const ok = (headers: string[], body: string | Buffer = GOOD) => http("200 OK", body, headers);
const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, "utf16le");
const gbk = Buffer.concat([
  Buffer.from('{"code":0,"data":{"progressCode":3,"progressDesc":"'),
  // 描述
  Buffer.from([0xc3, 0xe8, 0xca, 0xf6]),
  Buffer.from('"}}'),
]);

describe("a good answer, whatever its headers are", () => {
  table("succeeded", [
    ["none but the length", ok([])],
    ["another content type", ok(["Content-Type: text/html"])],
    ["a content type that is none", ok(["Content-Type: ;;;=,"])],
    ["two content types", ok(["Content-Type: text/plain", "Content-Type: application/json"])],
    ["names in any case", ok(['cOnTeNt-TyPe: APPLICATION/JSON; CHARSET="UTF-8"'])],
    ["values that are empty", ok(["Content-Type:", "Content-Encoding:", "Retry-After:"])],
    ["one that is long", ok([`X-Trace: ${"x".repeat(8_000)}`])],
    ["one that is not ASCII", ok(["X-Name: \xe4\xf6\xfc"])],
    ["early hints before it", `HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${ok([])}`],
    ["no length: it ends with the connection", andEnd(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${GOOD}`)],
    ["HTTP/1.0", andEnd(`HTTP/1.0 200 OK\r\n\r\n${GOOD}`)],
    ["no reason", `HTTP/1.1 200\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`],
    [
      "in chunks, with extensions and trailers",
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\n${GOOD.slice(0, 5)}\r\n${(GOOD.length - 5).toString(16)}\r\n${GOOD.slice(5)}\r\n0\r\nX-Sum: 1\r\n\r\n`,
    ],
  ]);
});

describe("a good answer, however its body is written", () => {
  table("succeeded", [
    ["gzip, though nobody asked", ok(["Content-Encoding: gzip"], gzipSync(GOOD))],
    ["x-gzip", ok(["Content-Encoding: X-GZip"], gzipSync(GOOD))],
    ["deflate", ok(["Content-Encoding: deflate"], deflateSync(GOOD))],
    ["br", ok(["Content-Encoding: br"], brotliCompressSync(GOOD))],
    ["zstd", ok(["Content-Encoding: zstd"], zstdCompressSync(GOOD))],
    ["gzip and then br", ok(["Content-Encoding: gzip, br"], brotliCompressSync(gzipSync(GOOD)))],
    [
      "the same in two headers",
      ok(["Content-Encoding: gzip", "Content-Encoding: br"], brotliCompressSync(gzipSync(GOOD))),
    ],
    ["identity", ok(["Content-Encoding: identity"])],
    ["with a byte-order mark", ok([], `\uFEFF${GOOD}`)],
    ["UTF-16, least byte first", ok([], utf16(GOOD))],
    ["UTF-16, most byte first", ok([], utf16(GOOD).swap16())],
    [
      "UTF-16 by its charset",
      ok(["Content-Type: application/json; charset=utf-16le"], Buffer.from(GOOD, "utf16le")),
    ],
    ["GBK by its charset", ok(["Content-Type: application/json;charset=GBK"], gbk)],
    ["a charset that nobody knows", ok(["Content-Type: application/json; charset=klingon"])],
    ["bytes that are no UTF-8, in a text on which nothing depends", ok([], gbk)],
    ["white space around it", ok([], `\r\n\t ${GOOD} \n`)],
    [
      "keys that objects bring along",
      ok([], '{"__proto__":{"code":5},"constructor":1,"code":0,"data":{"progressCode":3}}'),
    ],
    ["half of a surrogate pair", ok([], '{"code":0,"data":{"progressCode":3,"progressDesc":"\\ud83d"}}')],
  ]);

  it("is read as it was written", async () => {
    gateway.status = ok(["Content-Type: application/json; charset=gbk"], gbk);
    expect((await gateway.client().getDownloadStatus(TASK)).progressDesc).toBe("描述");
  });
});

describe("a body in an undocumented or wrong form: malformed", () => {
  table("malformed", [
    ["empty", ok([], "")],
    ["HTML", ok(["Content-Type: text/html"], "<html>200</html>")],
    ["null", ok([], "null")],
    ["a number", ok([], "7")],
    ["a list", ok([], "[]")],
    ["something after it", ok([], `${GOOD}x`)],
    ["two of them", ok([], GOOD + GOOD)],
    ["half of it, ended with the connection", andEnd(`HTTP/1.1 200 OK\r\n\r\n${GOOD.slice(0, 30)}`)],
    ["brackets without end", ok([], "[".repeat(200_000))],
    ["said to be gzip", ok(["Content-Encoding: gzip"])],
    ["gzip, cut", ok(["Content-Encoding: gzip"], gzipSync(GOOD).subarray(0, 20))],
    ["gzip of what is too large", ok(["Content-Encoding: gzip"], gzipSync(`${GOOD}${" ".repeat(2 << 20)}`))],
    ["gzip that nobody tells of", ok([], gzipSync(GOOD))],
    ["a coding that nobody knows", ok(["Content-Encoding: compress"])],
    ["codings without end", ok([`Content-Encoding: ${"identity, ".repeat(50)}gzip`], gzipSync(GOOD))],
    ["a coding that objects bring along", ok(["Content-Encoding: constructor"])],
    ["too large", ok([], `${GOOD}${" ".repeat(1 << 20)}`)],
    ["a status that is no number", ok([], '{"code":"OK","data":{"progressCode":3}}')],
    ["no progress code", ok([], '{"code":0,"data":{}}')],
    ["a code that is too large", ok([], '{"code":0,"data":{"progressCode":1e400}}')],
  ]);
});

describe("bytes that are not HTTP: malformed", () => {
  table("malformed", [
    ["a greeting of SSH", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["an alert of TLS", Buffer.from([0x15, 3, 3, 0, 2, 2, 40])],
    ["HTTP/2", Buffer.from("00000c040000000000000300000064000400100000", "hex")],
    ["HTTP/0.9", andEnd(GOOD)],
    ["another protocol's answer", "ICY 200 OK\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["a header without a colon", "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n"],
    ["headers that are too long", ok([`X-Trace: ${"x".repeat(20_000)}`])],
    ["two different lengths", ok([`Content-Length: ${GOOD.length + 1}`])],
    ["the length twice, and the same", ok([`Content-Length: ${GOOD.length}`])],
    ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"],
    ["a chunk whose length is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
    ["random bytes", Buffer.from("deadbeef00ff0d0a0d0a", "hex")],
  ]);
});

describe("a connection that breaks in an answer is tried again by a lookup", () => {
  retried("unreachable", [
    ["in a body with a length", andEnd(ok([]).subarray(0, -5))],
    ["in a chunk", andEnd(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n${GOOD}`)],
  ]);
});

describe("a connection that breaks before an answer is followed at once by a new one", () => {
  const broken: Row[] = [
    ["closed", (socket) => socket.end()],
    ["reset", (socket) => socket.resetAndDestroy()],
    ["closed in the headers", andEnd("HTTP/1.1 200 OK\r\nContent-Le")],
    // Nobody asked for these two, and the transport ends the connection.
    ["told to go on", "HTTP/1.1 100 Continue\r\n\r\n"],
    [
      "switched to another protocol",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
    ],
  ];

  it.each(broken)("%s every time", async (_, reply) => {
    expect(await outcome(reply, false)).toMatchObject({ came: "unreachable", requests: 4 });
    expect(await outcome(reply, true)).toMatchObject({ came: "unreachable", requests: 2 });
  });

  it.each(broken)("%s once: nobody notices", async (_, reply) => {
    for (const singleAttempt of [false, true]) {
      let times = 0;
      const once: Reply = (socket, request) => {
        if (times++ > 0) socket.write(ok([]));
        else if (typeof reply === "function") reply(socket, request);
        else socket.write(reply);
      };
      expect(await outcome(once, singleAttempt)).toMatchObject({ came: "succeeded", requests: 2 });
    }
  });
});

describe("a bare status", () => {
  /** Everything that a gateway may say with a status and no code of EnOS's. */
  const bodies = (status: number): [how: string, body: string][] => [
    ["with JSON", '{"message":"as gateways of its kind write it"}'],
    ["with HTML", "<html><body>no</body></html>"],
    ["with nothing", ""],
    ["with the status once more", `{"status":${status},"message":"no"}`],
    ["with the status as text and a word for a code", `{"code":"${status}","error":"NO"}`],
    ["with a word for a code", '{"code":"NO"}'],
  ];
  const rows = (...statuses: number[]): Row[] =>
    statuses.flatMap((status) =>
      bodies(status).map(([how, body]): Row => [`${status} ${how}`, http(`${status} X`, body)]),
    );

  table("rejected", rows(400, 413, 414, 431));
  table("address-refused", rows(403));
  table("throttled", rows(429));
  table("upstream", rows(500, 501, 505, 520, 599));
  table("malformed", rows(404, 405, 406, 407, 410, 415, 418, 421, 451));
  table("malformed", [
    ...[201, 202, 203, 206, 300, 301, 302, 307, 308, 600, 999].map(
      (status): Row => [
        `${status} with a good answer`,
        http(`${status} X`, GOOD, ["Location: http://other.example/"]),
      ],
    ),
    ["204", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["304", "HTTP/1.1 304 Not Modified\r\n\r\n"],
  ]);
  retried("upstream", rows(408, 502, 503, 504));

  it.each(rows(401))(
    "%s drops the token, and is the keys' refusal when the next is refused as well",
    async (_, reply) => {
      for (const singleAttempt of [false, true]) {
        expect(await outcome(reply, singleAttempt)).toMatchObject({ came: "credentials", requests: 2 });
        expect(tokensAsked()).toEqual(["get", "get", "refresh"]);
      }
    },
  );

  it.each(rows(401))("%s once: nobody notices", async (_, reply) => {
    for (const singleAttempt of [false, true]) {
      let times = 0;
      const once: Reply = (socket) => socket.write(times++ > 0 ? ok([]) : (reply as Buffer));
      expect(await outcome(once, singleAttempt)).toMatchObject({ came: "succeeded", requests: 2 });
    }
  });

  it("has no code for the caller", async () => {
    for (const status of [400, 403, 404, 429, 500]) {
      const { code } = await outcome(http(`${status} X`, `{"status":${status}}`), true);
      expect(code).toBeUndefined();
    }
  });
});

describe("a code of EnOS, under any status", () => {
  const under = (code: number, ...statuses: number[]): Row[] =>
    statuses.flatMap((status) =>
      (["code", "status", "apim_status"] as const).map(
        (field): Row => [
          `${field} ${code} under ${status}`,
          http(`${status} X`, JSON.stringify({ [field]: code, data: 0 })),
        ],
      ),
    );

  table("rejected", [...under(99403, 200, 403), ...under(81404, 200, 404), ...under(99400, 400)]);
  table("throttled", [...under(99429, 200, 500), ...under(7, 429)]);
  table("upstream", [
    ...under(81500, 200, 500),
    ...under(1004, 200, 400),
    ...under(1202, 200),
    ...under(7, 200, 404),
  ]);
  retried("upstream", under(81500, 503));

  it.each(under(1001, 200, 401))("%s is sent again at once, since it was no attempt", async (_, reply) => {
    expect(await outcome(reply, false)).toMatchObject({ came: "upstream", code: 1001, requests: 4 });
    expect(await outcome(reply, true)).toMatchObject({ came: "upstream", code: 1001, requests: 2 });
  });

  table("credentials", [...under(1002, 200, 401), ...under(1003, 200, 403)]);
  table("address-refused", [
    ["a code and the words", http("403 X", '{"status":4030,"msg":"Your IP address is not allowed"}')],
    ["the words under 200", http("200 X", '{"status":403,"msg":"your IP Address is not allowed."}')],
  ]);
  table("upstream", [
    ["a code and other words under 403", http("403 X", '{"status":4030,"msg":"not authorised"}')],
  ]);

  it.each([
    ...under(1203, 200, 401),
    ...under(4011, 200),
    ...under(4012, 200),
    ...under(99401, 200),
    ...under(7777, 401),
  ])("%s drops the token once", async (_, reply) => {
    for (const singleAttempt of [false, true]) {
      expect(await outcome(reply, singleAttempt)).toMatchObject({ came: "credentials", requests: 2 });
      expect(tokensAsked()).toEqual(["get", "get", "refresh"]);
    }
  });
});

describe("a traffic limit", () => {
  const soon = new Date(Date.now() + 3_600_000);
  const limited = (...headers: string[]) => http("429 Too Many Requests", "", headers);
  const day = soon.toLocaleDateString("en-GB", { weekday: "long", timeZone: "UTC" });
  const [, date = "", month = "", year = "", time = ""] =
    /, (\d+) (\w+) (\d+) ([\d:]+)/.exec(soon.toUTCString()) ?? [];

  it.each<[what: string, reply: Buffer, seconds: number | undefined]>([
    ["without Retry-After", limited(), undefined],
    ["in seconds", limited("Retry-After: 77"), 77],
    ["in seconds, with space", limited("Retry-After:   77  "), 77],
    ["twice: the longer", limited("Retry-After: 77", "Retry-After: 99"), 99],
    ["twice, one of them odd", limited("Retry-After: soon", "Retry-After: 99"), 99],
    ["several in one line", limited("Retry-After: 77, 99"), 99],
    ["not whole", limited("Retry-After: 76.5"), 77],
    ["a month", limited("Retry-After: 2592000"), 2_592_000],
    ["for ever: a month", limited("Retry-After: 99999999999999999999"), 2_678_400],
    ["less than nothing", limited("Retry-After: -5"), undefined],
    ["a word", limited("Retry-After: soon"), undefined],
    ["nothing", limited("Retry-After:"), undefined],
    ["a date that has been", limited("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT"), 0],
  ])("%s", async (_, reply, seconds) => {
    // A lookup would wait for no time at all, and ask again.
    const { came, retryAfterSeconds, requests } = await outcome(reply, seconds === 0);
    expect({ came, retryAfterSeconds, requests }).toEqual({
      came: "throttled",
      retryAfterSeconds: seconds,
      requests: 1,
    });
  });

  it.each([
    ["of today", soon.toUTCString()],
    ["of RFC 850", `${day}, ${date}-${month}-${year.slice(2)} ${time} GMT`],
    ["of asctime", `${day.slice(0, 3)} ${month} ${date} ${time} ${year}`],
  ])("until a date %s", async (_, until) => {
    const { retryAfterSeconds } = await outcome(limited(`Retry-After: ${until}`), true);
    expect(retryAfterSeconds).toBeGreaterThan(3_500);
    expect(retryAfterSeconds).toBeLessThanOrEqual(3_600);
    // Whatever the clock here says, where EnOS tells what its own says.
    const since = new Date(soon.getTime() - 120_000).toUTCString();
    const told = await outcome(limited(`Date: ${since}`, `Retry-After: ${until}`), true);
    expect(told.retryAfterSeconds).toBe(120);
  });

  it("on the token's route does not hold up a sweep, whatever delay it asks for", async () => {
    gateway.token = limited("Retry-After: 1");
    try {
      expect(await outcome(ok([]), true)).toMatchObject({
        came: "throttled",
        retryAfterSeconds: 1,
        requests: 0,
      });
      expect(gateway.of("token")).toHaveLength(1);
    } finally {
      gateway.token = TOKEN;
    }
  });
});
