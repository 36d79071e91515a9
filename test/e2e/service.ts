import { randomUUID } from "node:crypto";
import type { TaskKey } from "../../lib/tasks/key.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import type { Timeline } from "../../local/enos/timeline.ts";
import type { ServiceAnswer } from "../../local/service/client.ts";
import { LocalService } from "../../local/service/local-service.ts";
import { choosePorts } from "../../local/service/ports.ts";
import { breaches } from "../docs/contract.ts";

/** The service over real HTTP, with a simulated EnOS. */
export interface ServiceUnderTest extends AsyncDisposable {
  enos: EnosSimulator;
  service: LocalService;
  /** Errors that the functions reported. */
  troubles: string[];
  /** Adds an organisation to EnOS, with a secret; a new one if no id is given. */
  organisation(orgId?: string): Promise<string>;
}

/** Starts it, with a schedule of an hour, so that only the tests start sweeps. */
export async function startService(): Promise<ServiceUnderTest> {
  const enos = await startEnosSimulator();
  const troubles: string[] = [];
  const others = { dynamodb: 0, messaging: 0, secrets: 0, aws: 0 };
  const ports = { ...(await choosePorts({ http: 0, lambda: 0 })), ...others };
  const service = await LocalService.start({
    gatewayUrl: enos.url,
    ports,
    sweepSeconds: 3600,
    onTrouble: ({ text }) => troubles.push(text),
    onAnswer: keepsToContract,
  });
  return {
    enos,
    service,
    troubles,
    async organisation(orgId = `o${randomUUID()}`) {
      const credentials = { accessKey: `key-of-${orgId}`, secretKey: "example-secret-key" };
      enos.putOrganisation({ orgId, ...credentials });
      await service.cloud.putSecret(orgId, credentials);
      return orgId;
    },
    async [Symbol.asyncDispose]() {
      await service.close();
      await enos.close();
    },
  };
}

/** @throws {Error} for an answer that contradicts `docs/openapi.yaml` */
function keepsToContract(request: string, { status, headers }: Response, body: string): void {
  const [route = ""] = request.split("?");
  const found = breaches(route, { status, headers: Object.fromEntries(headers), body });
  if (found.length > 0) throw new Error(`the contract is broken: ${found.join("; ")}`);
}

/** A task of an organisation; it exists in EnOS if it has a timeline. */
export function newTask(enos: EnosSimulator, orgId: string, timeline?: Timeline): TaskKey {
  const task = { orgId, channelId: "ch-dee0c5", taskId: randomUUID().replaceAll("-", "") };
  if (timeline) enos.putTask({ ...task, timeline: [...timeline], shape: { dataSize: "number" } });
  return task;
}

/** The HTTP status and the code of an answer. */
export function outcome({ status, envelope }: ServiceAnswer<unknown>): [status: number, code?: number] {
  return envelope ? [status, envelope.code] : [status];
}
