import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import * as z from "zod/mini";
import { DOCTORS_REQUEST } from "../../infra/names.ts";
import { oneLine } from "../../infra/program/command-line.ts";
import type { ApiEvent } from "../../lib/http/request.ts";
import { ORGANISATION_PATH, ROUTES } from "../../lib/http/routes.ts";
import { awsTrouble } from "../aws-trouble.ts";
import type { Finding } from "../finding.ts";

/** A task that does not exist: if EnOS answers that, then gateway, token and signature are fine. */
const NOBODYS = { channelId: "doctor", taskId: "doctor" };

export const CHECK_GATEWAY =
  "check the gateway and the network path to it: allow list, DNS, security groups, certificates";

/** The parts of the function's answer that say how the gateway is. */
const Answer = z.object({ statusCode: z.number(), body: z.string() });
const Body = z.object({ code: z.number(), msg: z.string() });

/**
 * Makes the deployed function look up a task of an organisation, so that it makes a signed call.
 *
 * @param jwtClaim the claim that lists organisations, if callers present a JWT
 */
export async function askGateway(
  lambda: LambdaClient,
  functionName: string,
  orgId: string,
  jwtClaim: string | undefined,
): Promise<Finding> {
  const finding = (ok: boolean, says: string, todo?: string): Finding => ({
    check: "gateway",
    ok,
    says: `${orgId}: ${says}`,
    todo,
  });
  const Payload = JSON.stringify(lookupEvent(orgId, jwtClaim));
  let answered: { FunctionError?: string | undefined; Payload?: Uint8Array | undefined };
  try {
    answered = await lambda.send(new InvokeCommand({ FunctionName: functionName, Payload }));
  } catch (error) {
    return finding(false, awsTrouble(error));
  }
  const text = Buffer.from(answered.Payload ?? []).toString();
  const log = `see aws logs tail /aws/lambda/${functionName}`;
  if (answered.FunctionError) {
    return finding(false, `the function ${functionName} fails (${errorIn(text)})`, log);
  }
  const { statusCode, code, msg } = answerIn(text);
  if (statusCode === 404 || statusCode === 200) {
    return finding(true, "EnOS answers a signed call (that it does not know the task is expected)");
  }
  // Other codes of five digits come from EnOS itself, so token and gateway are fine.
  if ((statusCode === 400 || statusCode === 403) && ![99400, 99403].includes(code)) {
    return finding(true, `EnOS answers a signed call (code ${code}: ${msg})`);
  }
  return finding(false, `${statusCode}: ${msg} (code ${code})`, whatToDo(statusCode, code, log));
}

function whatToDo(statusCode: number, code: number, log: string): string {
  switch (statusCode) {
    case 429:
      return "have the application's traffic limit at EnOS raised, or wait";
    case 502:
      // Without a code of EnOS's, it is the gateway, or whatever is in front of it.
      if (code === 99502) {
        return `${CHECK_GATEWAY}; see docs/runbook.md, "organisations-stuck" and "answers-unusable"`;
      }
      return 'see docs/runbook.md, "credentials-refused" and "address-refused"';
    case 504:
      return CHECK_GATEWAY;
    default:
      return log;
  }
}

/** API Gateway's event for a request for the task. */
function lookupEvent(orgId: string, jwtClaim: string | undefined): ApiEvent {
  const pathParameters = { orgId, ...NOBODYS };
  const [method, path = ""] = ROUTES.status.split(" ");
  const scoped = ORGANISATION_PATH + path;
  return {
    routeKey: `${method} ${scoped}`,
    rawPath: scoped.replaceAll(
      /\{(\w+)\}/g,
      (_, name: string) => pathParameters[name as keyof typeof pathParameters],
    ),
    rawQueryString: "",
    pathParameters,
    requestContext: {
      requestId: DOCTORS_REQUEST,
      // Whoever may invoke the function needs no token.
      ...(jwtClaim !== undefined && { authorizer: { jwt: { claims: { [jwtClaim]: orgId } } } }),
    },
  };
}

function answerIn(text: string): { statusCode: number; code: number; msg: string } {
  try {
    const { statusCode, body } = Answer.parse(JSON.parse(text));
    return { statusCode, ...Body.parse(JSON.parse(body)) };
  } catch {
    return { statusCode: 0, code: 0, msg: "the function did not answer like this service" };
  }
}

function errorIn(text: string): string {
  try {
    const { errorType = "", errorMessage = "" } = JSON.parse(text);
    return oneLine(`${errorType} ${errorMessage}`);
  } catch {
    return "without a reason";
  }
}
