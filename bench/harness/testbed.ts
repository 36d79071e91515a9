import type { FunctionName } from "../../lib/settings.ts";
import type { Database } from "../../lib/store/table.ts";
import { Cloud } from "../../local/cloud.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../local/template.ts";
import { Enos, ORGANISATION } from "./enos.ts";

/** The environment of the packaged functions, on loopback: EnOS and AWS in separate processes. */
export class Testbed implements AsyncDisposable {
  readonly enos: Enos;
  readonly db: Database;
  readonly #cloud: Cloud;

  private constructor(enos: Enos, cloud: Cloud) {
    this.enos = enos;
    this.db = cloud.db;
    this.#cloud = cloud;
  }

  static async start(): Promise<Testbed> {
    const [enos, cloud] = await Promise.all([Enos.start(), Cloud.startApart(tableFromSource())]);
    const { orgId, accessKey, secretKey } = ORGANISATION;
    await cloud.putSecret(orgId, { accessKey, secretKey });
    return new Testbed(enos, cloud);
  }

  /** The environment variables of a function. */
  env(settings: Record<string, string> = {}): Record<string, string> {
    return { ...this.#cloud.env(this.enos.url), ...settings };
  }

  /** Starts a packaged function. */
  start(
    name: FunctionName,
    settings: Record<string, string> = {},
    execArgv?: string[],
  ): Promise<LambdaProcess> {
    return LambdaProcess.start(unpack(name), this.env(settings), execArgv);
  }

  /** Starts a peer: a module of `bench/peers/`, with the address of EnOS in its environment. */
  startPeer(file: string): Promise<LambdaProcess> {
    const path = new URL(`../peers/${file}`, import.meta.url).pathname;
    return LambdaProcess.start(path, { ENOS_API_BASE_URL: this.enos.url });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.enos[Symbol.asyncDispose](), this.#cloud.close()]);
  }
}
