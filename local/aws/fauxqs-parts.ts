import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildAppOptions } from "fauxqs";

type Stores = NonNullable<BuildAppOptions["stores"]>;

interface Persistence {
  load(sqs: Stores["sqsStore"], sns: Stores["snsStore"], s3: Stores["s3Store"]): void;
  close(): void;
}

/** The internal parts of fauxqs 2.4 from which we assemble our own server. */
export interface FauxqsParts {
  readonly SqsStore: new () => Stores["sqsStore"];
  readonly SnsStore: new () => Stores["snsStore"];
  readonly S3Store: new () => Stores["s3Store"];
  readonly PersistenceManager: new (directory: string) => Persistence;
}

/** Loads them from their files: the package exports only `startFauxqs`, which listens on every interface. */
export async function loadFauxqsParts(): Promise<FauxqsParts> {
  const manifest = findPackageJSON("fauxqs", import.meta.url);
  if (manifest === undefined) throw new Error("fauxqs is not installed");
  const load = (file: string) => import(pathToFileURL(join(dirname(manifest), "dist", file)).href);
  const [sqs, sns, s3, persistence] = await Promise.all([
    load("sqs/sqsStore.js"),
    load("sns/snsStore.js"),
    load("s3/s3Store.js"),
    load("persistence.js"),
  ]);
  return {
    SqsStore: sqs.SqsStore,
    SnsStore: sns.SnsStore,
    S3Store: s3.S3Store,
    PersistenceManager: persistence.PersistenceManager,
  };
}
