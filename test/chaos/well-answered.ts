import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";

/** What is wrong with an answer to a caller, in words; empty if it is as every answer must be. */
export function faultsOf(answer: unknown): string[] {
  if (typeof answer !== "object" || answer === null) return ["no answer"];
  const { statusCode, headers, body } = answer as APIGatewayProxyStructuredResultV2;
  if (typeof statusCode !== "number") return ["no status code"];
  const faults: string[] = [];
  if (statusCode >= 500) faults.push(`${statusCode} for what a caller sent`);
  if (headers?.["cache-control"] !== "no-store") faults.push("an answer that may be stored");
  if (statusCode === 204) return body === undefined ? faults : [...faults, "204 with a body"];
  const { code, msg, requestId, data } = parsed(body);
  if (typeof code !== "number" || (code === 0) !== statusCode < 300) faults.push("a wrong code");
  if (typeof msg !== "string") faults.push("no msg");
  if (typeof requestId !== "string") faults.push("no requestId");
  if (data === undefined || (data === null) !== statusCode >= 400) faults.push("wrong data");
  return faults;
}

/** The organisations whose records an answer shows. */
export function shownBy(answer: APIGatewayProxyStructuredResultV2): unknown[] {
  const data = parsed(answer.body).data as
    | { tasks?: { orgId: unknown }[]; outcomes?: { record: { orgId: unknown } | null }[]; orgId?: unknown }
    | null
    | undefined;
  if (!data) return [];
  if (data.outcomes) return data.outcomes.flatMap(({ record }) => (record ? [record.orgId] : []));
  return data.tasks ? data.tasks.map(({ orgId }) => orgId) : [data.orgId];
}

function parsed(body: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(body ?? "{}");
  } catch {
    return {};
  }
}
