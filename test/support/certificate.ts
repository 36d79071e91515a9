import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A private key and a certificate for it, as PEM. */
export interface Identity {
  key: string;
  cert: string;
}

/** A certification authority that nothing trusts yet. */
export class Authority {
  /** Its certificate, as PEM. */
  readonly pem: string;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(name: string) {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#name = name;
    this.#key = privateKey;
    const isAuthority = extension(BASIC_CONSTRAINTS, sequence(tlv(0x01, Buffer.of(0xff))));
    this.pem = this.#certify(name, publicKey, isAuthority);
  }

  /** An identity for a server, by its name or IPv4 address. */
  issue(host: string): Identity {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const name = isIPv4(host)
      ? tlv(0x87, Buffer.from(host.split(".").map(Number)))
      : tlv(0x82, Buffer.from(host));
    return {
      key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      cert: this.#certify(host, publicKey, extension(SUBJECT_ALT_NAME, sequence(name))),
    };
  }

  /** An X.509 certificate of version 3 (RFC 5280), valid from a day ago to a day from now. */
  #certify(subject: string, publicKey: KeyObject, ...extensions: Buffer[]): string {
    const day = 24 * 60 * 60_000;
    const content = sequence(
      tlv(0xa0, tlv(0x02, Buffer.of(2))),
      tlv(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
      sequence(ECDSA_WITH_SHA256),
      distinguishedName(this.#name),
      sequence(time(Date.now() - day), time(Date.now() + day)),
      distinguishedName(subject),
      publicKey.export({ type: "spki", format: "der" }),
      tlv(0xa3, sequence(...extensions)),
    );
    const signature = Buffer.concat([Buffer.of(0), sign("sha256", content, this.#key)]);
    const whole = sequence(content, sequence(ECDSA_WITH_SHA256), tlv(0x03, signature));
    const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  }
}

// Object identifiers, in DER.
const ECDSA_WITH_SHA256 = Buffer.from("06082a8648ce3d040302", "hex");
const COMMON_NAME = Buffer.from("0603550403", "hex");
const BASIC_CONSTRAINTS = Buffer.from("0603551d13", "hex");
const SUBJECT_ALT_NAME = Buffer.from("0603551d11", "hex");

/** A value in DER: its tag, its length, itself. */
function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), value]);
}

function sequence(...values: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(values));
}

function distinguishedName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(COMMON_NAME, tlv(0x0c, Buffer.from(name)))));
}

function time(ms: number): Buffer {
  return tlv(0x18, Buffer.from(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "")));
}

function extension(id: Buffer, value: Buffer): Buffer {
  return sequence(id, tlv(0x04, value));
}
