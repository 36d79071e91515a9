import { Cloud } from "../cloud.ts";
import { tableFromSource } from "../template.ts";
import { ServiceClient } from "./client.ts";
import { Functions } from "./functions.ts";
import type { Trouble } from "./output.ts";

/** The ports of a local service; 0 is any. */
export interface LocalPorts {
  http: number;
  lambda: number;
  dynamodb: number;
  messaging: number;
  secrets: number;
}

/** How the service is run on this machine. */
export interface LocalServiceOptions {
  /** The EnOS gateway: the simulator's, or a real one. */
  gatewayUrl: string;
  ports: LocalPorts;
  sweepSeconds: number;
  /** Hears of the functions' errors and warnings. */
  onTrouble: (trouble: Trouble) => void;
  /** Ends the start early. */
  signal?: AbortSignal | undefined;
}

/** The whole service on loopback: AWS in this process, and the functions as serverless-offline runs them. */
export class LocalService implements AsyncDisposable {
  readonly cloud: Cloud;
  readonly functions: Functions;
  readonly client: ServiceClient;

  private constructor(cloud: Cloud, functions: Functions) {
    this.cloud = cloud;
    this.functions = functions;
    this.client = new ServiceClient(functions.url);
  }

  /** Starts everything; what has started is ended again when something does not start. */
  static async start(options: LocalServiceOptions): Promise<LocalService> {
    const { gatewayUrl, ports, sweepSeconds, onTrouble, signal } = options;
    const cloud = await Cloud.start(tableFromSource(), ports);
    try {
      const env = { ...cloud.env(gatewayUrl), SWEEP_INTERVAL_SECONDS: String(sweepSeconds) };
      return new LocalService(cloud, await Functions.start({ env, ports, onTrouble, signal }));
    } catch (error) {
      await cloud.close();
      throw error;
    }
  }

  /** Ends the functions first: what they call has to be there until then. */
  async close(): Promise<void> {
    await this.functions.close();
    await this.cloud.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
