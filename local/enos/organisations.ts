import { randomBytes } from "node:crypto";
import { TaskBook } from "./tasks.ts";
import { type Timeline, USUAL_TIMELINE } from "./timeline.ts";

export interface Token {
  readonly value: string;
  /** Unix milliseconds; the token is refused from this instant on. */
  readonly expiresAt: number;
}

/** An organisation and the one application that acts for it. */
export interface Organisation {
  readonly orgId: string;
  accessKey: string;
  secretKey: string;
  /** Its channels; undefined if every channel id exists. */
  channels: ReadonlySet<string> | undefined;
  tokenLifetimeSeconds: number;
  token: Token | undefined;
  createdTimeline: Timeline;
  readonly tasks: TaskBook;
}

/** The settings of an organisation. */
export interface OrganisationSettings {
  readonly orgId: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly channels?: readonly string[] | undefined;
  /** 7200 if omitted, as in the vendor's samples. */
  readonly tokenLifetimeSeconds?: number | undefined;
}

/** All organisations, by id, by access key and by valid token. */
export class Organisations {
  readonly #byId = new Map<string, Organisation>();
  readonly #byAccessKey = new Map<string, Organisation>();
  readonly #byToken = new Map<string, Organisation>();

  /** Creates the organisation, or replaces its settings: its tasks are kept, its token is revoked. */
  put(settings: OrganisationSettings): void {
    const existing = this.#byId.get(settings.orgId);
    const organisation: Organisation = existing ?? {
      orgId: settings.orgId,
      accessKey: settings.accessKey,
      secretKey: settings.secretKey,
      channels: undefined,
      tokenLifetimeSeconds: 7_200,
      token: undefined,
      createdTimeline: USUAL_TIMELINE,
      tasks: new TaskBook(),
    };
    this.endToken(organisation);
    this.setCredentials(organisation, settings.accessKey, settings.secretKey);
    organisation.channels = settings.channels && new Set(settings.channels);
    organisation.tokenLifetimeSeconds = settings.tokenLifetimeSeconds ?? 7_200;
    this.#byId.set(settings.orgId, organisation);
  }

  /** A token is valid as long as its access key. If only the secret key changes, it is kept and old signatures fail. */
  setCredentials(organisation: Organisation, accessKey: string, secretKey: string): void {
    if (accessKey !== organisation.accessKey) {
      this.endToken(organisation);
      this.#byAccessKey.delete(organisation.accessKey);
    }
    organisation.accessKey = accessKey;
    organisation.secretKey = secretKey;
    this.#byAccessKey.set(accessKey, organisation);
  }

  remove(organisation: Organisation): void {
    this.endToken(organisation);
    this.#byAccessKey.delete(organisation.accessKey);
    this.#byId.delete(organisation.orgId);
  }

  byId(orgId: string): Organisation | undefined {
    return this.#byId.get(orgId);
  }

  byAccessKey(accessKey: string): Organisation | undefined {
    return this.#byAccessKey.get(accessKey);
  }

  /** The organisation with this valid token; undefined for an unknown, revoked or expired one. */
  byToken(value: string, now: number): Organisation | undefined {
    const organisation = this.#byToken.get(value);
    if (organisation?.token === undefined || organisation.token.expiresAt <= now) return undefined;
    return organisation;
  }

  ownerOfChannel(channelId: string): Organisation | undefined {
    for (const organisation of this.#byId.values()) {
      if (organisation.channels?.has(channelId)) return organisation;
    }
    return undefined;
  }

  /** The organisation's valid token, or a new one if it has none. */
  token(organisation: Organisation, now: number): Token {
    const live = organisation.token;
    return live !== undefined && live.expiresAt > now ? live : this.newToken(organisation, now);
  }

  /** A new token; the previous one is refused from now on. */
  newToken(organisation: Organisation, now: number): Token {
    this.endToken(organisation);
    const token = {
      // So that tests recognise it where it should not appear.
      value: `simulated-token-${randomBytes(24).toString("base64url")}`,
      expiresAt: now + organisation.tokenLifetimeSeconds * 1_000,
    };
    organisation.token = token;
    this.#byToken.set(token.value, organisation);
    return token;
  }

  endToken(organisation: Organisation): void {
    if (organisation.token !== undefined) this.#byToken.delete(organisation.token.value);
    organisation.token = undefined;
  }

  [Symbol.iterator](): IterableIterator<Organisation> {
    return this.#byId.values();
  }
}
