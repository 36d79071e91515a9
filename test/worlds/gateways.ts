import { type Credentials, SecretError, UnknownOrganisationError } from "../../lib/enos/credentials.ts";
import { EnosError } from "../../lib/enos/errors.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { onAbort } from "../../lib/time/on-abort.ts";
import { statusOf } from "../../local/harness/status.ts";
import { EPOCH, type VirtualTime } from "../../local/harness/virtual-time.ts";
import type { Conduct, Organisation, World } from "./world.ts";
import type { WorldTasks } from "./world-tasks.ts";

/** When a call that hangs is given up, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** The latency of a refusal, in milliseconds. */
const REFUSAL_MS = 30;

/** One call to a gateway. */
export interface Call {
  at: number;
  orgId: string;
  taskId: string;
}

/** The secrets and the EnOS of a world: each organisation's gateway treats calls as it conducts itself. Records calls. */
export function worldGateways(
  world: World,
  { rows, time, calls }: { rows: WorldTasks; time: VirtualTime; calls: Call[] },
): Pick<SweepDependencies, "credentials" | "enos"> {
  const organisations = new Map(world.organisations.map((organisation) => [organisation.id, organisation]));
  const counts = new Map<string, number>();
  const countOf = (key: string) => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count;
  };
  const organisationOf = (orgId: string) => {
    const organisation = organisations.get(orgId) as Organisation;
    const { breaksAt = 0, recoversAt = Number.POSITIVE_INFINITY, conduct } = organisation;
    const isWell = time.now < EPOCH + breaksAt || time.now >= EPOCH + recoversAt;
    return { organisation, conduct: isWell ? WELL : conduct };
  };
  /** As long as an organisation's secret stays the same, so does the object, as in a cache of secrets. */
  const latest = new Map<string, Credentials>();

  const credentials: SweepDependencies["credentials"] = {
    async get(orgId) {
      const { organisation, conduct } = organisationOf(orgId);
      if (conduct.kind === "no-secret") throw new UnknownOrganisationError(orgId);
      if (conduct.kind === "unreadable-secret") throw new SecretError("unreadable");
      const secretKey = conduct.kind === "refuses-keys" ? "old" : "new";
      let given = latest.get(orgId);
      if (given?.secretKey !== secretKey) {
        const { origin, requestsPerSecond } = organisation;
        given = { accessKey: orgId, secretKey, baseUrl: origin, requestsPerSecond };
        latest.set(orgId, given);
      }
      return given;
    },
    refresh: (orgId) => credentials.get(orgId),
  };

  /** Resolves when the gateway answers, and rejects if it does not, or refuses. */
  const reach = async (conduct: Conduct, orgId: string, wait: (ms: number) => Promise<void>) => {
    const hang = async () => {
      await wait(TIMEOUT_MS);
      throw new EnosError("timeout", "no answer");
    };
    switch (conduct.kind) {
      case "answers":
        return wait(conduct.latencyMs);
      case "hangs":
        return hang();
      case "hangs-sometimes":
        return countOf(orgId) % conduct.every > 0 ? undefined : hang();
      case "breaks": {
        await wait(time.now < EPOCH + conduct.atMs ? 20 : TIMEOUT_MS);
        if (time.now < EPOCH + conduct.atMs) return;
        throw new EnosError("timeout", "no answer");
      }
      case "limits": {
        await wait(REFUSAL_MS);
        const answered = countOf(`${orgId} ${Math.floor(time.now / 60_000)}`);
        if (answered > conduct.answers) throw new EnosError("throttled", "limited");
        return;
      }
      case "refuses-connections":
        await wait(2);
        throw new EnosError("unreachable", "refused", { isConnected: false });
      case "refuses-keys":
        await wait(REFUSAL_MS);
        throw new EnosError("credentials", "refused");
      case "refuses-address":
        await wait(REFUSAL_MS);
        throw new EnosError("address-refused", "refused");
      default:
        throw new Error(`${conduct.kind} has no answer`);
    }
  };

  return {
    credentials,
    enos: {
      async getDownloadStatus({ orgId, channelId, taskId }, { signal } = {}) {
        await credentials.get(orgId);
        const { organisation, conduct } = organisationOf(orgId);
        const { garblesPercent = 0 } = organisation;
        const task = rows.find({ taskId });
        calls.push({ at: time.now, orgId, taskId });
        const wait = async (ms: number) => {
          const isLong = ms > 1_000;
          await (isLong && signal
            ? Promise.race([time.after(ms), new Promise<void>((resolve) => onAbort(signal, resolve))])
            : time.after(ms));
          if (signal?.aborted) throw new EnosError("timeout", "the call was ended");
        };
        const hangs = task.isNeverAnswered && conduct.kind === "answers";
        await reach(hangs ? { kind: "hangs" } : conduct, orgId, wait);
        task.answeredAt.push(time.now);
        if (Math.random() * 100 < garblesPercent) {
          throw new EnosError("malformed", "an answer that says nothing");
        }
        task.knownAt.push(time.now);
        return statusOf({ orgId, channelId, taskId }, task.endsAt <= time.now);
      },
    },
  };
}

/** How every gateway treats calls once its organisation has recovered. */
const WELL: Conduct = { kind: "answers", latencyMs: 50 };
