import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { CreateBucketCommand, GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { indexChangeProblem } from "../../infra/index-changes.ts";
import { jsonAnswer, queryAnswer, queryRefusal } from "../../local/aws/query-protocol.ts";
import { type Loopback, listen } from "../../local/loopback.ts";
import { validate } from "../infra/cloudformation/validate.ts";
import { resolve, SURROUNDINGS, type Template } from "../infra/template.ts";

interface StackState {
  /** The status, as CloudFormation names it. */
  status: string;
  template: Template;
  outputs: Record<string, string>;
}

interface Stack extends StackState {
  id: string;
  /** The template as it came. */
  body: string;
  events: Event[];
  changedAt: Date;
}

interface Event {
  EventId: string;
  StackName: string;
  StackId: string;
  LogicalResourceId: string;
  ResourceType: string;
  ResourceStatus: string;
  ResourceStatusReason?: string;
  Timestamp: string;
}

interface ChangeSet {
  type: "CREATE" | "UPDATE";
  body: string;
  problems: string[];
}

type Parameters = Record<string, string>;

/** An answer of AWS's query protocol that says what is wrong. */
class Refused extends Error {}

const EMPTY: Template = { Parameters: {}, Resources: {}, Outputs: {} };
const REGION = "eu-central-1";

/**
 * The few answers of CloudFormation that a deployment needs, and those of Lambda that it asks for: stacks are made
 * of templates that would be valid, get what their outputs say, and have no resources but buckets.
 */
export class CloudFormation implements AsyncDisposable {
  readonly url: string;
  /** What was asked, by action. */
  readonly asked: string[] = [];
  /** The functions that Lambda was asked about. */
  readonly askedAbout = new Set<string>();
  /** Called with each action before it is answered. */
  onAction: (action: string) => void = () => {};
  /** Makes the next update fail, with this reason. */
  failure: string | undefined;
  readonly #loopback: Loopback;
  readonly #s3: S3Client;
  readonly #stacks = new Map<string, Stack>();
  readonly #changeSets = new Map<string, ChangeSet>();

  private constructor(server: Server, loopback: Loopback, s3: S3Client) {
    this.#loopback = loopback;
    this.#s3 = s3;
    this.url = loopback.url;
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", async () => {
        // Lambda's is the only API here that has paths.
        const answer = request.url?.startsWith("/2015-03-31/functions/")
          ? this.#function(decodeURIComponent(request.url.split("/")[3]?.split("?")[0] ?? ""))
          : await this.#query(Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())));
        response.writeHead(answer.status, { "content-type": answer.type }).end(answer.body);
      });
    });
  }

  /** @param s3 where templates are read from, and buckets are made in */
  static async start(s3: S3Client): Promise<CloudFormation> {
    const server = createServer();
    return new CloudFormation(server, await listen(server), s3);
  }

  /** A stack's status and outputs; undefined when there is none. */
  stack(name: string): Readonly<StackState> | undefined {
    return this.#stacks.get(name);
  }

  /** Makes a stack, or changes it, as somebody else would have. */
  put(name: string, { template = EMPTY, ...stack }: { status: string } & Partial<StackState>): void {
    const id = `arn:aws:cloudformation:${REGION}:123456789012:stack/${name}/${randomUUID()}`;
    const rest = { id, outputs: {}, events: [], changedAt: new Date(), ...stack };
    this.#stacks.set(name, { ...rest, template, body: JSON.stringify(template) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loopback[Symbol.asyncDispose]();
  }

  /** A function was changed when its stack was; one that no stack has is not there. */
  #function(name: string) {
    this.askedAbout.add(name);
    const stack = [...this.#stacks.values()].find(({ template }) =>
      Object.values(template.Resources).some(({ Properties }) => Properties?.FunctionName === name),
    );
    return stack
      ? jsonAnswer(200, {
          Configuration: { FunctionName: name, LastModified: stack.changedAt.toISOString() },
        })
      : jsonAnswer(404, { __type: "ResourceNotFoundException", Message: `Function not found: ${name}` });
  }

  async #query(parameters: Parameters) {
    const action = parameters.Action ?? "";
    this.asked.push(action);
    try {
      this.onAction(action);
      const answer = this.#answers[action];
      if (!answer) throw new Refused(`this stand-in does not know ${action}`);
      const result = await answer(parameters);
      return queryAnswer(action, result);
    } catch (error) {
      const { message } = error as Error;
      return error instanceof Refused
        ? queryRefusal(400, "ValidationError", message)
        : queryRefusal(500, "InternalFailure", message);
    }
  }

  readonly #answers: Record<string, (parameters: Parameters) => object | Promise<object>> = {
    DescribeStacks: ({ StackName = "" }) => {
      const { id, status, outputs } = this.#known(StackName);
      const Outputs = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
      const CreationTime = new Date().toISOString();
      return { Stacks: [{ StackName, StackId: id, StackStatus: status, CreationTime, Outputs }] };
    },
    GetTemplate: ({ StackName = "" }) => ({ TemplateBody: this.#known(StackName).body }),
    DescribeStackEvents: ({ StackName = "" }) => ({ StackEvents: this.#known(StackName).events }),
    DescribeStackResource: ({ StackName = "", LogicalResourceId = "" }) => {
      const resource = this.#known(StackName).template.Resources[LogicalResourceId];
      if (!resource) throw new Refused(`Resource ${LogicalResourceId} does not exist for stack ${StackName}`);
      const PhysicalResourceId = bucketOf(StackName);
      const ResourceStatus = "CREATE_COMPLETE";
      return {
        StackResourceDetail: {
          LogicalResourceId,
          PhysicalResourceId,
          ResourceType: resource.Type,
          ResourceStatus,
        },
      };
    },
    ListStackResources: ({ StackName = "" }) => {
      const { template } = this.#known(StackName);
      const LastUpdatedTimestamp = new Date().toISOString();
      return {
        StackResourceSummaries: Object.entries(template.Resources).map(([LogicalResourceId, { Type }]) => ({
          LogicalResourceId,
          PhysicalResourceId: LogicalResourceId,
          ResourceType: Type,
          ResourceStatus: "CREATE_COMPLETE",
          LastUpdatedTimestamp,
        })),
      };
    },
    ValidateTemplate: async (parameters) => {
      await this.#body(parameters);
      return {};
    },
    CreateChangeSet: async (parameters) => {
      const { StackName = "", ChangeSetName = "", ChangeSetType } = parameters;
      if (ChangeSetType === "UPDATE") this.#refuseBusy(StackName);
      else this.put(StackName, { status: "REVIEW_IN_PROGRESS" });
      const body = await this.#body(parameters);
      const place = { partition: "aws", region: REGION, stack: StackName };
      const problems = validate({ ...EMPTY, ...JSON.parse(body) }, place);
      const type = ChangeSetType === "CREATE" ? "CREATE" : "UPDATE";
      this.#changeSets.set(ChangeSetName, { type, body, problems });
      return { Id: ChangeSetName, StackId: this.#known(StackName).id };
    },
    DescribeChangeSet: ({ StackName = "", ChangeSetName = "" }) => {
      const { body, problems } = this.#changeSet(ChangeSetName);
      const common = { ChangeSetName, StackName, StackId: this.#known(StackName).id };
      if (problems.length > 0) return { ...common, Status: "FAILED", StatusReason: problems.join("; ") };
      if (body === this.#known(StackName).body) {
        const StatusReason = "The submitted information didn't contain changes.";
        return { ...common, Status: "FAILED", StatusReason };
      }
      return { ...common, Status: "CREATE_COMPLETE", ExecutionStatus: "AVAILABLE" };
    },
    DeleteChangeSet: ({ ChangeSetName = "" }) => {
      this.#changeSets.delete(ChangeSetName);
      return {};
    },
    ExecuteChangeSet: async ({ StackName = "", ChangeSetName = "" }) => {
      const { type, body } = this.#changeSet(ChangeSetName);
      if (type === "UPDATE") this.#refuseBusy(StackName);
      this.#changeSets.delete(ChangeSetName);
      await this.#apply(StackName, type, body);
      return {};
    },
  };

  async #apply(name: string, type: "CREATE" | "UPDATE", body: string): Promise<void> {
    const stack = this.#known(name);
    const template: Template = { ...EMPTY, ...JSON.parse(body) };
    stack.events = [];
    this.#tell(stack, name, `${type}_IN_PROGRESS`);
    const problem = this.failure ?? indexProblem(stack.template, template);
    this.failure = undefined;
    if (problem) {
      this.#tell(stack, name, "UPDATE_ROLLBACK_IN_PROGRESS", problem);
      this.#tell(stack, name, "UPDATE_ROLLBACK_COMPLETE");
      return;
    }
    if (
      template.Resources.ServerlessDeploymentBucket &&
      !stack.template.Resources.ServerlessDeploymentBucket
    ) {
      await this.#s3.send(new CreateBucketCommand({ Bucket: bucketOf(name) }));
    }
    const surroundings = { ...SURROUNDINGS, names: { ServerlessDeploymentBucket: bucketOf(name) } };
    const outputs = Object.entries(template.Outputs).map(([key, { Value }]) => [
      key,
      String(resolve(template, Value, surroundings)),
    ]);
    Object.assign(stack, { template, body, outputs: Object.fromEntries(outputs), changedAt: new Date() });
    this.#tell(stack, name, `${type}_COMPLETE`);
  }

  #tell(stack: Stack, name: string, status: string, reason?: string): void {
    stack.status = status;
    stack.events.unshift({
      EventId: randomUUID(),
      StackName: name,
      StackId: stack.id,
      LogicalResourceId: name,
      ResourceType: "AWS::CloudFormation::Stack",
      ResourceStatus: status,
      ...(reason && { ResourceStatusReason: reason }),
      Timestamp: new Date().toISOString(),
    });
  }

  #known(nameOrId: string): Stack {
    const name = nameOrId.startsWith("arn:") ? (nameOrId.split("/")[1] ?? "") : nameOrId;
    const stack = this.#stacks.get(name);
    if (!stack) throw new Refused(`Stack with id ${name} does not exist`);
    return stack;
  }

  #changeSet(name: string): ChangeSet {
    const changeSet = this.#changeSets.get(name);
    if (!changeSet) throw new Refused(`ChangeSet [${name}] does not exist`);
    return changeSet;
  }

  #refuseBusy(name: string): void {
    const { id, status } = this.#known(name);
    if (!/^(CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT)_COMPLETE$/.test(status)) {
      throw new Refused(`Stack:${id} is in ${status} state and can not be updated.`);
    }
  }

  async #body({ TemplateBody, TemplateURL }: Parameters): Promise<string> {
    if (TemplateBody) return TemplateBody;
    const [, Bucket, ...key] = new URL(TemplateURL ?? "").pathname.split("/");
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket, Key: key.join("/") }));
    if (!Body) throw new Refused("TemplateURL leads to nothing");
    return Body.transformToString();
  }
}

function bucketOf(stack: string): string {
  const name = `${stack}-serverlessdeploymentbucket`.slice(0, 50);
  return `${name}-abcdefghijkl`;
}

function indexProblem(before: Template, after: Template): string | undefined {
  const indexesOf = ({ Resources }: Template) =>
    Resources.TrackedTasksTable?.Properties.GlobalSecondaryIndexes ?? [];
  return before.Resources.TrackedTasksTable && indexChangeProblem(indexesOf(before), indexesOf(after));
}
