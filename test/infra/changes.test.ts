import { StackStatus } from "@aws-sdk/client-cloudformation";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ACCEPTABLE,
  changesOf,
  type DeployedStack,
  GUARDED,
  GUARDED_DOWNWARDS,
  IRREPLACEABLE,
  refusalsOf,
  statusProblem,
  tableProblem,
} from "../../infra/changes.ts";
import { indexChangeProblem, type TableIndex } from "../../infra/index-changes.ts";
import { ALL_SETTINGS } from "../../infra/settings.ts";
import { replacingProperties, resourceType } from "./cloudformation/specification.ts";
import { packagedTemplate } from "./template.ts";

const DEFAULTS = { RETENTION_DAYS: "30", JWT_ISSUER: null };

describe("settings that change", () => {
  it("are those with a different value, by name", () => {
    const before = { RETENTION_DAYS: "30", API_BURST: "200", JWT_ISSUER: null };
    const after = { RETENTION_DAYS: "60", API_BURST: "200", JWT_ISSUER: "https://login.example.com" };
    expect(changesOf(before, after, DEFAULTS)).toEqual([
      { name: "JWT_ISSUER", before: null, after: "https://login.example.com" },
      { name: "RETENTION_DAYS", before: "30", after: "60" },
    ]);
  });

  it("count as default before they existed, and as unset once they no longer exist", () => {
    expect(changesOf({}, { RETENTION_DAYS: "30", JWT_ISSUER: null }, DEFAULTS)).toEqual([]);
    expect(changesOf({}, { RETENTION_DAYS: "31" }, DEFAULTS)).toEqual([
      { name: "RETENTION_DAYS", before: "30", after: "31" },
    ]);
    expect(changesOf({ OLD: "1" }, {}, DEFAULTS)).toEqual([{ name: "OLD", before: "1", after: null }]);
  });

  it("are none between equal settings, and the same in both directions", () => {
    const settings = fc.dictionary(fc.constantFrom("A", "B", "C"), fc.option(fc.string()));
    fc.assert(
      fc.property(settings, settings, (a, b) => {
        const defaults = { A: null, B: null, C: null };
        expect(changesOf(a, a, defaults)).toEqual([]);
        const back = changesOf(b, a, defaults).map(({ name, before, after }) => ({
          name,
          before: after,
          after: before,
        }));
        expect(changesOf(a, b, defaults)).toEqual(back);
      }),
    );
  });
});

describe("what is refused", () => {
  const resources = {
    EventsTopic: { Properties: { KmsMasterKeyId: "alias/aws/sns" } },
    HttpApi: { Properties: { ProtocolType: "HTTP" } },
  };
  const deployed: DeployedStack = { status: "UPDATE_COMPLETE", settings: {}, resources };
  const namesOf = (
    stack: DeployedStack,
    changed: string[],
    planned: DeployedStack["resources"] = resources,
  ) =>
    refusalsOf(
      stack,
      { settings: {}, resources: planned },
      changed.map((name) => ({ name, before: "a", after: "b" })),
    ).map(({ name }) => name);

  it("is a change of a guarded setting, and of no other", () => {
    expect(namesOf(deployed, ["RETENTION_DAYS", "JWT_AUDIENCE", "API_BURST"])).toEqual(["JWT_AUDIENCE"]);
    for (const name of Object.keys(GUARDED)) expect(ALL_SETTINGS).toHaveProperty(name);
  });

  it("is to reduce what cannot be restored, but not to increase it", () => {
    const refused = (name: string, before: string | null, after: string | null) =>
      refusalsOf(deployed, { settings: {}, resources }, [{ name, before, after }]).map(
        (refusal) => refusal.name,
      );
    for (const name of Object.keys(GUARDED_DOWNWARDS)) {
      expect(ALL_SETTINGS).toHaveProperty(name);
      expect(ACCEPTABLE).toContain(name);
      expect(refused(name, "30", "7")).toEqual([name]);
      expect(refused(name, "30", null)).toEqual([name]);
      expect(refused(name, "7", "30")).toEqual([]);
      expect(refused(name, null, "7")).toEqual([]);
    }
    expect(refused("RETENTION_DAYS", "30", "7")).toEqual([]);
  });

  it("is to reduce any retention that takes effect at once", () => {
    // A record's own end is written when its task ends, so it keeps what it was given.
    const days = Object.keys(ALL_SETTINGS).filter(
      (name) => name.endsWith("_DAYS") && name !== "RETENTION_DAYS",
    );
    expect(Object.keys(GUARDED_DOWNWARDS).sort()).toEqual(days.sort());
  });

  it("is to replace resources that others rely on, by the setting's name if one is the cause", () => {
    const fifo = { ...resources, EventsTopic: { Properties: { FifoTopic: true } } };
    expect(namesOf(deployed, [], fifo)).toEqual(["EventsTopic"]);
    expect(namesOf(deployed, ["EVENTS_TOPIC_FIFO"], fifo)).toEqual(["EVENTS_TOPIC_FIFO"]);
    const { EventsTopic, ...without } = resources;
    expect(namesOf(deployed, [], without)).toEqual(["EventsTopic"]);
    const otherKey = { ...resources, EventsTopic: { Properties: { KmsMasterKeyId: "alias/own" } } };
    expect(namesOf(deployed, [], otherKey)).toEqual([]);
  });

  it("is to remove the callbacks' key, by the name of the setting, but not to add it", () => {
    const withKey = { ...resources, CallbackKey: { Properties: { Name: "callback-key" } } };
    expect(namesOf({ ...deployed, resources: withKey }, ["CALLBACKS"])).toEqual(["CALLBACKS"]);
    expect(namesOf({ ...deployed, resources: withKey }, [])).toEqual(["CallbackKey"]);
    expect(namesOf(deployed, ["CALLBACKS"], withKey)).toEqual([]);
    expect(ACCEPTABLE).toEqual(expect.arrayContaining(["CALLBACKS", "CallbackKey"]));
  });

  it("is to deploy to a stack whose settings are unknown", () => {
    const silent = { ...deployed, settings: undefined };
    expect(namesOf(silent, [])).toEqual(["UNKNOWN_SETTINGS"]);
    // What changes nobody knows then, but for what the resources show.
    const fifo = { ...resources, EventsTopic: { Properties: { FifoTopic: true } } };
    expect(namesOf(silent, ["JWT_ISSUER", "EVENTS_TOPIC_FIFO"], fifo)).toEqual([
      "UNKNOWN_SETTINGS",
      "EventsTopic",
    ]);
  });

  it("has every property of those resources that replaces them", async () => {
    const { Resources } = await packagedTemplate();
    for (const [id, { properties }] of Object.entries(IRREPLACEABLE)) {
      const type = Resources[id]?.Type ?? "";
      expect(properties, id).toEqual(expect.arrayContaining(replacingProperties(type)));
      for (const name of properties) expect(resourceType(type)?.properties).toHaveProperty(name);
    }
    const retained = Object.keys(Resources).filter((id) => Resources[id]?.DeletionPolicy);
    expect(Object.keys(IRREPLACEABLE)).toEqual(expect.arrayContaining(retained));
  });
});

it.each([
  ["CREATE_COMPLETE", undefined],
  ["UPDATE_COMPLETE", undefined],
  ["UPDATE_ROLLBACK_COMPLETE", undefined],
  ["IMPORT_COMPLETE", undefined],
  ["CREATE_IN_PROGRESS", /^it is being changed/],
  ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", /^it is being changed/],
  ["UPDATE_ROLLBACK_IN_PROGRESS", /^it is being changed/],
  ["DELETE_IN_PROGRESS", /^it is being changed/],
  ["REVIEW_IN_PROGRESS", /REMOVE, then deploy again$/],
  ["ROLLBACK_COMPLETE", /REMOVE, then deploy again$/],
  ["ROLLBACK_FAILED", /REMOVE, then deploy again$/],
  ["CREATE_FAILED", /REMOVE, then deploy again$/],
  ["DELETE_FAILED", /REMOVE, then deploy again$/],
  ["UPDATE_FAILED", /continue-update-rollback --stack-name NAME/],
  ["UPDATE_ROLLBACK_FAILED", /continue-update-rollback --stack-name NAME/],
  ["IMPORT_ROLLBACK_COMPLETE", undefined],
  ["IMPORT_ROLLBACK_IN_PROGRESS", /^it is being changed/],
  ["IMPORT_ROLLBACK_FAILED", /describe-stack-events --stack-name NAME/],
])("a stack that is %s can be deployed to, or the operator is told what to do", (status, expected) => {
  const problem = statusProblem({ status, settings: {}, resources: {} }, { remove: "REMOVE", stack: "NAME" });
  if (expected) expect(problem).toMatch(expected);
  else expect(problem).toBeUndefined();
});

it("a stack whose last operation failed or goes on is never deployed to", () => {
  const unfinished = Object.values(StackStatus).filter((status) => /_(FAILED|IN_PROGRESS)$/.test(status));
  expect(unfinished.length).toBeGreaterThan(10);
  for (const status of unfinished) {
    const deployed = { status, settings: {}, resources: {} };
    expect(statusProblem(deployed, { remove: "REMOVE", stack: "NAME" }), status).toBeDefined();
  }
});

describe("the table's indexes", () => {
  const index = (IndexName: string, ...NonKeyAttributes: string[]): TableIndex => ({
    IndexName,
    KeySchema: [{ AttributeName: IndexName, KeyType: "HASH" }],
    Projection: { ProjectionType: "INCLUDE", NonKeyAttributes },
  });

  it.each([
    ["as they are", [index("a")], [index("a")]],
    ["with one more", [index("a")], [index("a"), index("b")]],
    ["with one less", [index("a"), index("b")], [index("b")]],
    ["in another order", [index("a"), index("b")], [index("b"), index("a")]],
  ])("may be %s", (_, before, after) => {
    expect(indexChangeProblem(before, after)).toBeUndefined();
  });

  it.each([
    ["altered", [index("a")], [index("a", "state")], "the index a cannot be altered"],
    ["exchanged", [index("a")], [index("b")], "this makes b and removes a"],
    ["made twice", [], [index("a"), index("b")], "this makes a and makes b"],
  ])("may not be %s at once", (_, before, after, problem) => {
    expect(indexChangeProblem(before, after)).toContain(problem);
  });

  it("are unchanged whatever the order of their properties", () => {
    const { KeySchema, Projection, IndexName } = index("a", "state");
    const reordered = { Projection, IndexName, KeySchema: [{ KeyType: "HASH", AttributeName: "a" }] };
    expect(KeySchema).toEqual(reordered.KeySchema);
    expect(indexChangeProblem([index("a", "state")], [reordered])).toBeUndefined();
  });

  it("can all be created with the table", () => {
    const resources = {
      TrackedTasksTable: { Properties: { GlobalSecondaryIndexes: [index("a"), index("b")] } },
    };
    const stack = { status: "CREATE_COMPLETE", settings: {}, resources: {} };
    expect(tableProblem(stack, { settings: {}, resources })).toBeUndefined();
    const bare = { ...stack, resources: { TrackedTasksTable: { Properties: {} } } };
    expect(tableProblem(bare, { settings: {}, resources })).toContain("this makes a and makes b");
  });
});
