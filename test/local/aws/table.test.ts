import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { startDynamoDB } from "../../../local/aws/dynamodb.ts";
import { createTable } from "../../../local/aws/table.ts";

const clientOf = (endpoint: string) =>
  new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });

// As a template has it, with properties that only a real table takes.
const properties = {
  TableName: "tasks",
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "openShard", AttributeType: "N" },
  ],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  GlobalSecondaryIndexes: [
    {
      IndexName: "open",
      KeySchema: [
        { AttributeName: "openShard", KeyType: "HASH" },
        { AttributeName: "pk", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "ALL" },
    },
  ],
  TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  SSESpecification: { SSEEnabled: true },
};

describe("createTable", () => {
  it("creates the table that the template describes, ready for use", async () => {
    await using dynamodb = await startDynamoDB();
    const client = clientOf(dynamodb.url);
    expect(await createTable(client, properties)).toBe("tasks");
    const { Table: table } = await client.send(new DescribeTableCommand({ TableName: "tasks" }));
    expect(table).toMatchObject({
      TableStatus: "ACTIVE",
      KeySchema: properties.KeySchema,
      BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
      GlobalSecondaryIndexes: [
        { IndexName: "open", KeySchema: properties.GlobalSecondaryIndexes[0]?.KeySchema },
      ],
    });
    expect(await createTable(client, { ...properties, TableName: { Ref: "X" } }, "named")).toBe("named");
    client.destroy();
  });

  it("refuses a table without a name", async () => {
    await using dynamodb = await startDynamoDB();
    const client = clientOf(dynamodb.url);
    await expect(createTable(client, { ...properties, TableName: undefined })).rejects.toThrow("no name");
    client.destroy();
  });
});

describe("DynamoDB", () => {
  it("keeps its items in a directory over a restart", async () => {
    const path = await mkdtemp(join(tmpdir(), "dynamodb-"));
    try {
      {
        await using dynamodb = await startDynamoDB({ path });
        const client = clientOf(dynamodb.url);
        await createTable(client, properties);
        await client.send(
          new PutItemCommand({ TableName: "tasks", Item: { pk: { S: "a" }, n: { N: "1" } } }),
        );
        client.destroy();
      }
      await using dynamodb = await startDynamoDB({ path });
      const client = clientOf(dynamodb.url);
      const { Item: item } = await client.send(
        new GetItemCommand({ TableName: "tasks", Key: { pk: { S: "a" } } }),
      );
      expect(item).toEqual({ pk: { S: "a" }, n: { N: "1" } });
      client.destroy();
    } finally {
      await rm(path, { recursive: true });
    }
  });

  it("survives a client that is killed while it sends", async () => {
    await using dynamodb = await startDynamoDB();
    const port = Number(new URL(dynamodb.url).port);
    await new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{", () => {
          setTimeout(() => socket.resetAndDestroy(), 50);
        });
      });
      socket.on("close", () => resolve());
    });
    const client = clientOf(dynamodb.url);
    expect(await createTable(client, properties)).toBe("tasks");
    client.destroy();
  });
});
