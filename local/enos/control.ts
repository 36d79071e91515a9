import { Callbacks } from "./callbacks.ts";
import { Faults, type StandingFault } from "./faults.ts";
import type {
  AnyTaskInput,
  CallbacksInput,
  CredentialsInput,
  Fault,
  OrganisationInput,
  ShapeInput,
  TasksInput,
} from "./input.ts";
import { type Organisation, Organisations } from "./organisations.ts";
import { type Counters, type LogEntry, Records } from "./records.ts";
import { taskKey } from "./tasks.ts";
import type { Timeline } from "./timeline.ts";
import { TokenService } from "./token-service.ts";

/** An admin request that conflicts with the simulator's state. */
export class AdminError extends Error {
  override readonly name = "AdminError";
  /** 404 if something it names does not exist, 400 otherwise. */
  readonly httpStatus: 400 | 404;
  readonly field: string;

  constructor(httpStatus: 400 | 404, field: string, message: string) {
    super(message);
    this.httpStatus = httpStatus;
    this.field = field;
  }
}

/** The state of a simulated EnOS and the ways to change it, which the admin routes and the tests share. */
export class EnosControl {
  /** @internal what the request handlers use */
  readonly state: {
    readonly now: () => number;
    readonly organisations: Organisations;
    readonly tokens: TokenService;
    readonly faults: Faults;
    readonly callbacks: Callbacks;
    readonly records: Records;
    shape: ShapeInput | undefined;
  };

  constructor({ now, random }: { now: () => number; random: () => number }) {
    const organisations = new Organisations();
    this.state = {
      now,
      organisations,
      tokens: new TokenService(organisations),
      faults: new Faults(random),
      callbacks: new Callbacks(now),
      records: new Records(),
      shape: undefined,
    };
  }

  /**
   * Creates an organisation, or replaces its settings: its tasks are kept, its token is revoked.
   *
   * @throws {AdminError} if another organisation has the access key or one of the channels
   */
  putOrganisation(input: OrganisationInput): void {
    this.#refuseTakenKey(input.accessKey, input.orgId);
    for (const channelId of input.channels ?? []) {
      const owner = this.state.organisations.ownerOfChannel(channelId);
      if (owner !== undefined && owner.orgId !== input.orgId) {
        throw new AdminError(400, "channels", `channel ${channelId} belongs to ${owner.orgId}`);
      }
    }
    this.state.organisations.put(input);
  }

  /** Removes an organisation and all its tasks. */
  removeOrganisation(orgId: string): void {
    this.state.organisations.remove(this.#organisation(orgId));
  }

  /** Replaces the credentials; the old ones are refused at once. A new access key also revokes the token. */
  rotateCredentials(orgId: string, input: CredentialsInput): void {
    const organisation = this.#organisation(orgId);
    if (input.accessKey !== undefined) this.#refuseTakenKey(input.accessKey, orgId);
    this.state.organisations.setCredentials(
      organisation,
      input.accessKey ?? organisation.accessKey,
      input.secretKey ?? organisation.secretKey,
    );
  }

  /** Revokes the organisation's token: it is refused with 4011, and token/get returns a new one. */
  revokeTokens(orgId: string): void {
    this.state.organisations.endToken(this.#organisation(orgId));
  }

  /** Registers or replaces tasks; the timelines are assigned to the ids in turn. */
  putTasks(input: TasksInput): void {
    const { tasks } = this.#organisation(input.orgId);
    const startedAt = input.startedAt ?? this.state.now();
    input.taskIds.forEach((taskId, index) => {
      const timeline = input.timelines[index % input.timelines.length] as Timeline;
      tasks.put(taskKey(input.channelId, taskId), { startedAt, timeline, shape: input.shape });
    });
  }

  /** Registers or replaces one task. */
  putTask(input: Omit<TasksInput, "taskIds" | "timelines"> & { taskId: string; timeline: Timeline }): void {
    const { taskId, timeline, ...rest } = input;
    this.putTasks({ ...rest, taskIds: [taskId], timelines: [[...timeline]] });
  }

  /** Removes the task: EnOS answers 99404 from now on. */
  removeTask(orgId: string, channelId: string, taskId: string): void {
    if (!this.#organisation(orgId).tasks.remove(taskKey(channelId, taskId))) {
      throw new AdminError(404, "taskId", `no task ${taskId} in ${channelId}`);
    }
  }

  /** From now on every task id of the organisation exists and follows one of the timelines; undefined turns this off. */
  setAnyTask(orgId: string, input: AnyTaskInput | undefined): void {
    this.#organisation(orgId).tasks.anyTask = input && {
      timelines: input.timelines,
      startedAt: input.startedAt ?? this.state.now(),
      spreadMs: input.spreadMs ?? 0,
    };
  }

  /** Sets the timeline of tasks that are created through the API from now on. */
  setCreatedTimeline(orgId: string, timeline: Timeline): void {
    this.#organisation(orgId).createdTimeline = timeline;
  }

  /** Sets how tasks call back from now on; `{}` is as documented. */
  setCallbacks(callbacks: CallbacksInput): void {
    this.state.callbacks.settings = callbacks;
  }

  /** Fixes parts of the shape of every answer; with `{}` all of it varies by task again. */
  setShape(shape: ShapeInput): void {
    this.state.shape = Object.keys(shape).length === 0 ? undefined : shape;
  }

  /** @returns the fault's id, for removeFault */
  addFault(fault: Fault): number {
    return this.state.faults.add(fault);
  }

  removeFault(id: number): void {
    if (!this.state.faults.remove(id)) throw new AdminError(404, "id", `no fault ${id}`);
  }

  clearFaults(): void {
    this.state.faults.clear();
  }

  /** The active faults, oldest first. */
  faults(): StandingFault[] {
    return this.state.faults.list();
  }

  counters(): Counters {
    return this.state.records.counters(this.state.callbacks);
  }

  /** Status requests by `channelId/taskId`. */
  taskRequests(orgId: string): Record<string, number> {
    return this.#organisation(orgId).tasks.allRequests();
  }

  /** Resets every counter, including those of tasks. */
  resetCounters(): void {
    this.state.records.resetCounters();
    this.state.callbacks.delivered = 0;
    this.state.callbacks.failed = 0;
    for (const organisation of this.state.organisations) organisation.tasks.resetRequests();
  }

  /** Logs the last `size` requests from now on; 0, the initial value, logs none. */
  keepLog(size: number): void {
    this.state.records.keepLog(size);
  }

  /** The logged requests, oldest first. */
  log(): LogEntry[] {
    return this.state.records.entries();
  }

  #organisation(orgId: string): Organisation {
    const organisation = this.state.organisations.byId(orgId);
    if (organisation === undefined) throw new AdminError(404, "orgId", `no organisation ${orgId}`);
    return organisation;
  }

  #refuseTakenKey(accessKey: string, orgId: string): void {
    const holder = this.state.organisations.byAccessKey(accessKey);
    if (holder !== undefined && holder.orgId !== orgId) {
      throw new AdminError(400, "accessKey", `accessKey belongs to ${holder.orgId}`);
    }
  }
}
