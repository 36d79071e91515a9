import { createSocket } from "node:dgram";
import { once } from "node:events";

/** What a name server answers to a question for a type: addresses, a failure, or nothing ever. */
export type Zone = Record<string, { A?: string[] | Failure; AAAA?: string[] | Failure }>;
type Failure = "silence" | "SERVFAIL" | "NXDOMAIN";

const TYPES: Record<number, "A" | "AAAA"> = { 1: "A", 28: "AAAA" };
const CODES = { SERVFAIL: 2, NXDOMAIN: 3 };

/** Starts a name server on loopback that knows these names (RFC 1035, 4). */
export async function startNameServer(zone: Zone): Promise<{ address: string; close(): void }> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => {
    const { name, type, end } = questionOf(query);
    const known = zone[name] ?? zone[name.replace(/^[^.]*/, "*")];
    const answer = known?.[type] ?? (known ? [] : "NXDOMAIN");
    if (answer === "silence") return;
    const addresses = typeof answer === "string" ? [] : answer;
    const header = Buffer.from(query.subarray(0, 12));
    // A response, recursion desired and available.
    header.writeUInt16BE(0x8180 | (typeof answer === "string" ? CODES[answer] : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    header.writeUInt32BE(0, 8);
    const records = addresses.map((text) => {
      const data = type === "A" ? Buffer.from(text.split(".").map(Number)) : ipv6(text);
      // The name is where the question has it.
      const head = Buffer.from([0xc0, 12, 0, type === "A" ? 1 : 28, 0, 1, 0, 0, 0, 1, 0, data.length]);
      return Buffer.concat([head, data]);
    });
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

function questionOf(query: Buffer): { name: string; type: "A" | "AAAA"; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return {
    name: labels.join(".").toLowerCase(),
    type: TYPES[query.readUInt16BE(at + 1)] ?? "A",
    end: at + 5,
  };
}

/** Of an address with one `::` at its beginning. */
function ipv6(text: string): Buffer {
  const bytes = Buffer.alloc(16);
  const groups = text.replace(/^::/, "").split(":").filter(Boolean);
  groups.forEach((group, index) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 16 - 2 * (groups.length - index));
  });
  return bytes;
}
