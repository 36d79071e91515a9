import { DeleteCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { type Database, partitionItems, unlessRefused } from "./table.ts";
import { Time } from "./task-item.ts";

/** The records share a partition key that no organisation can have. */
const HEALTH = "#health";

/** Why an organisation, or a whole gateway, is stuck. */
export const STUCK_REASONS = [
  /** Calls get no answer or no connection. */
  "unreachable",
  /** EnOS refuses the organisation's keys. */
  "credentials",
  /** The gateway does not accept calls from our address. */
  "address-refused",
  /** A traffic limit was met before anything was answered. */
  "throttled",
  /** There is no secret for the organisation. */
  "unknown-organisation",
  /** Its secret cannot be read. */
  "secret",
] as const;

export type StuckReason = (typeof STUCK_REASONS)[number];

/** A stuck organisation or gateway. The record exists only while it is stuck. Times are Unix milliseconds. */
export interface HealthRecord {
  scope: "org" | "origin";
  /** The organisation's id, or the gateway's origin. */
  id: string;
  reason: StuckReason;
  since: number;
  nextProbeAt: number;
  /** Probes so far. */
  probes: number;
  /** Of the credentials that were refused. */
  fingerprint: string | undefined;
  /** The gateway that was already stuck when a call for this organisation failed: it recovers with the gateway. */
  origin?: string | undefined;
}

const Item = z.object({
  reason: z.enum(STUCK_REASONS),
  since: Time,
  nextProbeAt: Time,
  probes: z.int().check(z.nonnegative()),
  fingerprint: z.optional(z.string()),
  origin: z.optional(z.string()),
});

/** What is stuck, for all sweepers. It is only advice: without it some calls are wasted, but nothing is lost. */
export class HealthStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Everything that is stuck; records that do not parse are skipped, and overwritten when needed. */
  async list(signal?: AbortSignal): Promise<HealthRecord[]> {
    const items = await partitionItems(this.#db, HEALTH, { signal });
    return items.flatMap((item) => {
      const [, scope, id] = /^(org|origin)#(.+)$/.exec(String(item.sk)) ?? [];
      const { data } = Item.safeParse(item);
      if (!data || !id) return [];
      return [{ fingerprint: undefined, ...data, scope: scope as HealthRecord["scope"], id }];
    });
  }

  /** Writes that something is stuck, over what was known before. */
  async put({ scope, id, ...rest }: HealthRecord): Promise<void> {
    await this.#db.client.send(
      new PutCommand({ TableName: this.#db.table, Item: { pk: HEALTH, sk: `${scope}#${id}`, ...rest } }),
    );
  }

  /**
   * Claims the next probe for this sweep, before the call.
   *
   * @param next when the one after that is due
   * @returns false when another sweep was faster, or what was stuck has recovered
   */
  async claimProbe({ scope, id, nextProbeAt, probes }: HealthRecord, next: number): Promise<boolean> {
    const claimed = await unlessRefused(
      this.#db.client.send(
        new UpdateCommand({
          TableName: this.#db.table,
          Key: { pk: HEALTH, sk: `${scope}#${id}` },
          UpdateExpression: "SET nextProbeAt = :next, probes = :probes",
          // Or already claimed by this request, if its answer was lost and the SDK retries.
          ConditionExpression: "nextProbeAt = :seen OR (nextProbeAt = :next AND probes = :probes)",
          ExpressionAttributeValues: { ":next": next, ":probes": probes + 1, ":seen": nextProbeAt },
        }),
      ),
    );
    return claimed !== undefined;
  }

  /** Removes a record, unless it has been changed since. */
  async remove({ scope, id, nextProbeAt }: HealthRecord): Promise<void> {
    await unlessRefused(
      this.#db.client.send(
        new DeleteCommand({
          TableName: this.#db.table,
          Key: { pk: HEALTH, sk: `${scope}#${id}` },
          ConditionExpression: "nextProbeAt = :seen",
          ExpressionAttributeValues: { ":seen": nextProbeAt },
        }),
      ),
    );
  }
}
