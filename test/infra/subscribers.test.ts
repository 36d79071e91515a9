import { runSimulation } from "@cloud-copilot/iam-simulate";
import { describe, expect, it } from "vitest";
import { deployment } from "../../infra/deployment.ts";
import { packagedTemplate, resolve, SURROUNDINGS } from "./template.ts";

const SUBSCRIBERS = ["111111111111", "222222222222"];
const template = await packagedTemplate();
const topic = String(resolve(template, { Ref: "EventsTopic" }, SURROUNDINGS));

/** Whether a principal of an account, whom its own account lets do anything, may do this to the topic. */
async function allows(
  account: string,
  action: string,
  subscribers: string[],
  secure = true,
): Promise<boolean> {
  const { topicStatements } = deployment({ SUBSCRIBER_ACCOUNTS: subscribers.join() }, "package");
  const everything = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  };
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${account}:role/somebody`,
        action,
        resource: { resource: topic, accountId: SURROUNDINGS.account },
        contextVariables: { "aws:SecureTransport": String(secure) },
      },
      identityPolicies: [{ name: "everything", policy: everything }],
      serviceControlPolicies: [
        { orgIdentifier: "root", policies: [{ name: "everything", policy: everything }] },
      ],
      resourceControlPolicies: [],
      resourcePolicy: { Version: "2012-10-17", Statement: resolve(template, topicStatements, SURROUNDINGS) },
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult === "Allowed";
}

describe("the topic", () => {
  it.each(SUBSCRIBERS)("may be subscribed to by account %s once it is named", async (account) => {
    expect(await allows(account, "sns:Subscribe", SUBSCRIBERS)).toBe(true);
    expect(await allows(account, "sns:Subscribe", [])).toBe(false);
    expect(await allows(account, "sns:Subscribe", SUBSCRIBERS, false)).toBe(false);
  });

  it("may not by any other", async () => {
    expect(await allows("333333333333", "sns:Subscribe", SUBSCRIBERS)).toBe(false);
  });

  it.each([
    "sns:Publish",
    "sns:ListSubscriptionsByTopic",
    "sns:GetTopicAttributes",
    "sns:SetTopicAttributes",
    "sns:AddPermission",
    "sns:DeleteTopic",
  ])("lets subscribers of other accounts not %s", async (action) => {
    expect(await allows("111111111111", action, SUBSCRIBERS)).toBe(false);
  });

  it("allows its own account what its policies allow, over encrypted transport", async () => {
    expect(await allows(SURROUNDINGS.account, "sns:Publish", [])).toBe(true);
    expect(await allows(SURROUNDINGS.account, "sns:Publish", [], false)).toBe(false);
  });
});
