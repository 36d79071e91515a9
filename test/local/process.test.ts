import { describe, expect, it } from "vitest";
import { startStandalone } from "../../local/harness/standalone-process.ts";
import { send } from "./enos/raw-client.ts";

describe("an emulator in a separate process", () => {
  it.each(["local/enos/main.ts", "local/aws/dynamodb-main.ts", "local/aws/messaging-main.ts"])(
    "%s says where it listens, and ends on SIGTERM",
    async (main) => {
      await using part = await startStandalone(main);
      expect(new URL(part.url).hostname).toBe("127.0.0.1");
      expect((await send(part.url)).httpStatus).toBeGreaterThan(0);
      expect(await part.close()).toBe(0);
    },
  );
});
