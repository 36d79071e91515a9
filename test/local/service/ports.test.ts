import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { choosePorts, httpPortIn } from "../../../local/service/ports.ts";

it("takes the port of HTTP_PORT if it is free", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address() as AddressInfo;
  await new Promise((resolve) => holder.close(resolve));
  const http = await httpPortIn({ HTTP_PORT: String(port) });
  expect(await choosePorts({ http: http ?? 0, enos: 0 })).toMatchObject({ http: port });
});

it("leaves the port to choose if HTTP_PORT is not set", async () => {
  expect(await httpPortIn({})).toBeUndefined();
});
