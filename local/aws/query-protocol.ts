/** An answer over HTTP. */
export interface Answered {
  status: number;
  type: string;
  body: string;
}

/** An answer in AWS's query protocol, which is XML. */
export function queryAnswer(action: string, result: object): Answered {
  return xml(
    200,
    `<${action}Response><${action}Result>${elements(result)}</${action}Result></${action}Response>`,
  );
}

/** An error in AWS's query protocol. */
export function queryRefusal(status: number, code: string, message: string): Answered {
  const text = elements({ Type: "Sender", Code: code, Message: message });
  return xml(status, `<ErrorResponse><Error>${text}</Error></ErrorResponse>`);
}

/** An answer in AWS's JSON protocols. */
export function jsonAnswer(status: number, body: object): Answered {
  return { status, type: "application/json", body: JSON.stringify(body) };
}

function elements(value: unknown): string {
  if (Array.isArray(value)) return value.map((each) => `<member>${elements(each)}</member>`).join("");
  if (typeof value === "object" && value !== null) {
    return Object.entries(value)
      .map(([name, each]) => `<${name}>${elements(each)}</${name}>`)
      .join("");
  }
  return String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function xml(status: number, body: string): Answered {
  return { status, type: "text/xml", body: `<?xml version="1.0" encoding="UTF-8"?>${body}` };
}
