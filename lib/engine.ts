import { connectEnos, type EnosSettings } from "./aws/enos.ts";
import type { GatewayRule } from "./enos/gateway.ts";
import { EventPublisher } from "./events/publisher.ts";
import { type ScheduleSettings, scheduleOf } from "./settings.ts";
import { BehindStore } from "./store/behind-store.ts";
import { HealthStore } from "./store/health-store.ts";
import { OpenTaskStore } from "./store/open-task-store.ts";
import { ShardStore } from "./store/shard-store.ts";
import { type Database, openDatabase } from "./store/table.ts";
import type { CheckSettings, SweepDependencies } from "./sweep/dependencies.ts";
import { Paces } from "./sweep/paces.ts";
import { Suspects } from "./sweep/suspects.ts";
import { DAY_MS } from "./time/day.ts";

/** The settings of a function that checks tasks. */
interface EngineSettings extends EnosSettings, ScheduleSettings {
  TRACKED_TASKS_TABLE: string;
  EVENTS_TOPIC_ARN: string;
  RETENTION_DAYS: number;
  SWEEP_CONCURRENCY: number;
  ENOS_REQUESTS_PER_SECOND: number;
  TRACKING_DEADLINE_DAYS: number;
}

/** Connects the functions that check tasks, the sweep and the one that acts on hints, to AWS and EnOS. */
export function connectEngine<Observer extends SweepDependencies["observer"]>(
  settings: EngineSettings,
  { isDeployed, observer }: Pick<GatewayRule, "isDeployed"> & { observer: Observer },
) {
  const db: Database = openDatabase(settings.TRACKED_TASKS_TABLE);
  const dependencies = {
    ...connectEnos(settings, { isDeployed }),
    shards: new ShardStore(db),
    behind: new BehindStore(db),
    health: new HealthStore(db),
    openTasks: new OpenTaskStore({ db, retentionDays: settings.RETENTION_DAYS }),
    events: new EventPublisher({ topicArn: settings.EVENTS_TOPIC_ARN }),
    schedule: scheduleOf(settings),
    observer,
    paces: new Paces(),
    suspects: new Suspects(),
    now: Date.now,
  };
  const checkSettings: CheckSettings = {
    concurrency: settings.SWEEP_CONCURRENCY,
    requestsPerSecond: settings.ENOS_REQUESTS_PER_SECOND,
    deadlineMs: settings.TRACKING_DEADLINE_DAYS * DAY_MS,
  };
  return { db, dependencies, checkSettings };
}
