import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A stand-in for DynamoDB and SNS that accepts everything at once, in a process whose CPU time is its own. */
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => {
    // Only DynamoDB's protocol names its operation in a header.
    const isDynamoDb = request.headers["x-amz-target"] !== undefined;
    response.setHeader("content-type", isDynamoDb ? "application/x-amz-json-1.0" : "text/xml");
    response.end(isDynamoDb ? "{}" : taken(body));
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));

/** SNS's answer to a batch of which it takes every message. */
function taken(body: string): string {
  const ids = [...new URLSearchParams(body)].filter(([name]) => name.endsWith(".Id"));
  const members = ids.map(([, id]) => `<member><Id>${id}</Id><MessageId>message</MessageId></member>`);
  return `<PublishBatchResponse><PublishBatchResult><Successful>${members.join("")}</Successful></PublishBatchResult></PublishBatchResponse>`;
}
