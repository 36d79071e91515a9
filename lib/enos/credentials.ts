/** What an EnOS application signs with, for one organisation. */
export interface Credentials {
  accessKey: string;
  secretKey: string;
  /** Origin of the organisation's API gateway, e.g. `https://apim-ppe1.envisioniot.com`. */
  baseUrl: string;
}

/** Where the client gets an organisation's credentials from. */
export interface CredentialSource {
  /** @throws what the source throws for an organisation that it does not have */
  get(orgId: string): Promise<Credentials>;
  /** The credentials read afresh, since EnOS refused `refused`: they may have been rotated. */
  refresh(orgId: string, refused: Credentials): Promise<Credentials>;
}
