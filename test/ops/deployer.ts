import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { startMessaging } from "../../local/aws/messaging.ts";
import { EMPTY_HOME, REMEMBERED } from "../../local/remembered.ts";
import { CloudFormation } from "./cloudformation.ts";
import { type Recorded, Recorder } from "./recorder.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
const SOURCES = ["serverless.yml", "package.json", "tsconfig.json", "functions", "lib", "infra", "ops"];

/** What a command printed, and how it ended. */
export interface Ran {
  code: number;
  output: string;
}

/** A copy of the project beside an account that has S3, CloudFormation and nothing else. */
export class Deployer implements AsyncDisposable {
  readonly cloudFormation: CloudFormation;
  /** What the project's scripts asked of S3. */
  readonly askedOfS3: Recorded[];
  readonly #s3: S3Client;
  readonly #folder: string;
  readonly #env: Record<string, string>;
  readonly #closers: AsyncDisposableStack;

  private constructor(parts: {
    cloudFormation: CloudFormation;
    askedOfS3: Recorded[];
    s3: S3Client;
    folder: string;
    env: Record<string, string>;
    closers: AsyncDisposableStack;
  }) {
    this.cloudFormation = parts.cloudFormation;
    this.askedOfS3 = parts.askedOfS3;
    this.#s3 = parts.s3;
    this.#folder = parts.folder;
    this.#env = parts.env;
    this.#closers = parts.closers;
  }

  static async start(): Promise<Deployer> {
    await using closers = new AsyncDisposableStack();
    const { url } = closers.use(await startMessaging());
    const s3 = new S3Client({
      region: "eu-central-1",
      endpoint: url,
      forcePathStyle: true,
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    });
    closers.defer(() => s3.destroy());
    const cloudFormation = closers.use(await CloudFormation.start(s3));
    const recorder = closers.use(await Recorder.start(url));
    await mkdir(join(REPOSITORY, ".tmp"), { recursive: true });
    const folder = await mkdtemp(join(REPOSITORY, ".tmp/deployer-"));
    closers.defer(() => rm(folder, { recursive: true, force: true }));
    for (const part of SOURCES) await cp(join(REPOSITORY, part), join(folder, part), { recursive: true });
    await mkdir(join(folder, "stages"));
    await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
    const env = {
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
      AWS_ENDPOINT_URL_LAMBDA: cloudFormation.url,
      AWS_ENDPOINT_URL_S3: recorder.url,
      AWS_ENDPOINT_URL_STS: url,
      // Otherwise it looks every five seconds whether something has changed.
      SLS_AWS_MONITORING_FREQUENCY: "50",
    };
    return new Deployer({
      cloudFormation,
      askedOfS3: recorder.requests,
      s3,
      folder,
      env,
      closers: closers.move(),
    });
  }

  /** Writes the settings of a stage. */
  async settle(stage: string, text: string): Promise<void> {
    await writeFile(join(this.#folder, "stages", `${stage}.env`), text);
  }

  /** Runs one of the project's scripts with nothing in its environment but the account and `env`. */
  async npm(script: string, args: string[], env: Record<string, string> = {}): Promise<Ran> {
    const options = {
      cwd: this.#folder,
      env: { PATH: process.env.PATH ?? "", HOME: EMPTY_HOME, ...REMEMBERED, ...this.#env, ...env },
    };
    try {
      const { stdout, stderr } = await promisify(execFile)("npm", ["run", script, "--", ...args], options);
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, output: stdout + stderr };
    }
  }

  /** What is in a stack's bucket. */
  async objects(stack: string): Promise<string[]> {
    const Bucket = this.cloudFormation.stack(stack)?.outputs.ServerlessDeploymentBucketName;
    const { Contents = [] } = await this.#s3.send(new ListObjectsV2Command({ Bucket }));
    return Contents.map(({ Key = "" }) => Key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closers.disposeAsync();
  }
}
