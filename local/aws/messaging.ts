import { buildApp } from "fauxqs";
import { loadFauxqsParts } from "./fauxqs-parts.ts";

/** A running SNS and SQS emulator, both at one address. */
export interface Messaging extends AsyncDisposable {
  readonly url: string;
  close(): Promise<void>;
}

export interface MessagingOptions {
  /** The port on 127.0.0.1; any free one if omitted. */
  readonly port?: number;
  /** A directory in which topics, queues and messages survive a restart; in memory if omitted. */
  readonly dataDir?: string;
}

/**
 * Starts SNS and SQS (fauxqs) on loopback. SQS clients of it need `useQueueUrlAsEndpoint: false`.
 * Rejects if the port is taken.
 */
export async function startMessaging(options: MessagingOptions = {}): Promise<Messaging> {
  const { SqsStore, SnsStore, S3Store, PersistenceManager } = await loadFauxqsParts();
  const stores = { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store: new S3Store() };
  const app = buildApp({ logger: false, stores });
  if (options.dataDir !== undefined) {
    const persistence = new PersistenceManager(options.dataDir);
    persistence.load(stores.sqsStore, stores.snsStore, stores.s3Store);
    // Only now: a store with persistence would write everything again while loading.
    Object.assign(stores.sqsStore, { persistence });
    Object.assign(stores.snsStore, { persistence });
    for (const queue of stores.sqsStore.allQueues()) Object.assign(queue, { persistence });
    app.addHook("onClose", async () => persistence.close());
  }
  const url = await app.listen({ port: options.port ?? 0, host: "127.0.0.1" });
  const close = async () => {
    app.server.closeAllConnections();
    await app.close();
  };
  return { url, close, [Symbol.asyncDispose]: close };
}
