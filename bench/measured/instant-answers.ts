import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { TASK_ITEM } from "../harness/sample-items.ts";

const GET_ITEM = "DynamoDB_20120810.GetItem";
/** The open task returned for every request. */
const ITEM = JSON.stringify({ Item: attributesOf(TASK_ITEM) });

/** Replaces DynamoDB and SNS: accepts everything at once, in a separate process whose CPU time does not count. */
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => {
    // Only DynamoDB's protocol has the operation in a header.
    const target = request.headers["x-amz-target"];
    response.setHeader("content-type", target === undefined ? "text/xml" : "application/x-amz-json-1.0");
    response.end(target === undefined ? taken(body) : target === GET_ITEM ? ITEM : "{}");
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));

/** An item of strings and numbers in DynamoDB's protocol. */
function attributesOf(item: Record<string, string | number>): Record<string, object> {
  const attribute = (value: string | number) =>
    typeof value === "string" ? { S: value } : { N: String(value) };
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, attribute(value)]));
}

/** SNS's answer to a batch in which it accepts every message. */
function taken(body: string): string {
  const ids = [...new URLSearchParams(body)].filter(([name]) => name.endsWith(".Id"));
  const members = ids.map(([, id]) => `<member><Id>${id}</Id><MessageId>message</MessageId></member>`);
  return `<PublishBatchResponse><PublishBatchResult><Successful>${members.join("")}</Successful></PublishBatchResult></PublishBatchResponse>`;
}
