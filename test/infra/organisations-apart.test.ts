import { readFileSync } from "node:fs";
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { describe, expect, it } from "vitest";
import type { ApiEvent } from "../../lib/http/request.ts";
import { routeOf, TASK_PATH } from "../../lib/http/routes.ts";
import { apiEvent } from "../../local/harness/api-event.ts";

// The policy that the documentation gives to callers, asked of an IAM simulator; and what it lets through because IAM
// reads a path as it is written, asked of the service.

const ACCOUNT = "123456789012";
const CALLER = `arn:aws:iam::${ACCOUNT}:role/caller`;
const EVERYTHING = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

interface Policy {
  Version: string;
  Statement: { Resource: string | string[]; [part: string]: unknown }[];
}

const deploying = readFileSync(new URL("../../docs/deploy.md", import.meta.url), "utf8");
const policy: Policy = JSON.parse(deploying.match(/```json\n(.*?)```/s)?.[1] ?? "");
const [own] = policy.Statement;
const API = String(own?.Resource[0]).replace(/\/\$default\/.*/, "");

async function allows(
  action: string,
  resource: string,
  context: Record<string, string | string[]>,
  asked: Policy = policy,
): Promise<boolean> {
  const result = await runSimulation(
    {
      request: {
        principal: CALLER,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: context,
      },
      identityPolicies: [{ name: "callers", policy: asked }],
      serviceControlPolicies: [
        { orgIdentifier: "root", policies: [{ name: "everything", policy: EVERYTHING }] },
      ],
      resourceControlPolicies: [],
      // What a role's trust policy may say: the deny has to hold against it.
      resourcePolicy:
        action === "sts:TagSession"
          ? {
              Version: "2012-10-17",
              Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: action }],
            }
          : undefined,
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult === "Allowed";
}

/** Whether a caller with this tag, or with none, may make this request: `GET/organisations/…`. */
const mayCall = (request: string, enosOrg?: string, asked?: Policy) =>
  allows(
    "execute-api:Invoke",
    `${API}/$default/${request}`,
    enosOrg === undefined ? {} : { "aws:PrincipalTag/enosOrg": enosOrg },
    asked,
  );

const TASK = TASK_PATH.replace("{channelId}", "ch-1").replace("{taskId}", "t1");
const REQUESTS = [
  `GET/organisations/ORG${TASK}/status`,
  `PUT/organisations/ORG${TASK}/tracking`,
  `GET/organisations/ORG${TASK}/tracking`,
  `DELETE/organisations/ORG${TASK}/tracking`,
  "GET/organisations/ORG/tracked-tasks",
  "POST/organisations/ORG/tracked-tasks",
];

describe.each(REQUESTS)("%s", (request) => {
  const of = (orgId: string) => request.replace("ORG", orgId);

  it("is for callers of the organisation", async () => {
    expect(await mayCall(of("o1"), "o1")).toBe(true);
  });

  it.each(["o2", "o15", "o1-test", "O1", "o", "", "o1%2F..%2Fo2"])("is not for them in %j", async (other) => {
    expect(await mayCall(of(other), "o1")).toBe(false);
  });

  it("is for nobody without a tag, or with an empty one", async () => {
    for (const org of ["o1", "", "$"]) {
      expect(await mayCall(of(org))).toBe(false);
      expect(await mayCall(of(org), "")).toBe(false);
    }
  });

  it("is not for them with the organisation in the query, which IAM does not see", async () => {
    expect(await mayCall(request.replace("/organisations/ORG", ""), "o1")).toBe(false);
  });
});

describe("a path that reads as another", () => {
  const detour = "/organisations/o1/../o2/tracked-tasks";

  it("is allowed by IAM, and refused by the service", async () => {
    expect(await mayCall(`GET${detour}`, "o1")).toBe(true);
    const routes = { "GET /tracked-tasks": async () => ({ statusCode: 200 as const }) };
    const event: ApiEvent = {
      ...apiEvent("list", ""),
      routeKey: "GET /organisations/{orgId}/tracked-tasks",
      pathParameters: { orgId: "o2" },
      rawPath: detour,
    };
    expect(() => routeOf(routes, event)).toThrow("the path must be the route with its parameters filled in");
    expect(routeOf(routes, { ...event, rawPath: "/organisations/o2/tracked-tasks" })).toBeDefined();
  });
});

it("any method in one resource would let a tag reach into another organisation's channel", async () => {
  const reach = `GET/organisations/o2${TASK_PATH.replace("{channelId}", "organisations").replace("{taskId}", "t1")}/status`;
  const [first] = [own?.Resource ?? []].flat();
  const lax = {
    ...policy,
    Statement: [{ ...own, Resource: String(first).replace("/GET/", "/*/") }],
  };
  expect(await mayCall(reach, "download", lax)).toBe(true);
  expect(await mayCall(reach, "download")).toBe(false);
});

describe("the tag", () => {
  const generous = { ...policy, Statement: [...policy.Statement, ...EVERYTHING.Statement] };

  it.each([
    ["iam:TagUser", `arn:aws:iam::${ACCOUNT}:user/caller`],
    ["iam:TagRole", CALLER],
    ["iam:CreateUser", `arn:aws:iam::${ACCOUNT}:user/another`],
    ["iam:CreateRole", `arn:aws:iam::${ACCOUNT}:role/another`],
    ["sts:TagSession", CALLER],
  ])("cannot be set by callers with %s, whatever else they may do", async (action, resource) => {
    const sets = (...keys: string[]) => allows(action, resource, { "aws:TagKeys": keys }, generous);
    expect(await sets("enosOrg")).toBe(false);
    expect(await sets("team", "ENOSORG")).toBe(false);
    expect(await sets("team")).toBe(true);
  });
});
