import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * The certification authorities in the file that `ENOS_CA_FILE` names, as PEM.
 *
 * @throws {Error} that names the setting, when the file is not valid
 */
export function readPrivateCa(file: string): string {
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`ENOS_CA_FILE ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const problem = caProblem(pem, Date.now());
  if (problem) throw new Error(`ENOS_CA_FILE ${file} ${problem}`);
  return pem;
}

/**
 * Why a file is not a list of certification authorities, to continue a sentence after its name; undefined if it is.
 *
 * @param pem its content
 * @param now Unix time in milliseconds
 */
function caProblem(pem: string, now: number): string | undefined {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    return "contains a private key, which must not be packaged";
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g);
  if (!blocks) return "has no certificate in PEM";
  let certificates: X509Certificate[];
  try {
    certificates = blocks.map((block) => new X509Certificate(block));
  } catch {
    return "has a certificate that cannot be read";
  }
  // A self-signed certificate is its own authority.
  const other = certificates.find((each) => !each.ca && each.subject !== each.issuer);
  if (other) return `has a certificate that is not a CA's: ${other.subject.replaceAll("\n", ", ")}`;
  const isValid = certificates.some((each) => each.validToDate.getTime() > now);
  return isValid ? undefined : "has only expired certificates";
}
