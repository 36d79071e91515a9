/** An error as Secrets Manager names it; on the wire it is HTTP 400 with `__type`. */
export class ServiceError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}
