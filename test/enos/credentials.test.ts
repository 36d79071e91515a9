import { expect, it } from "vitest";
import { type Credentials, fingerprint } from "../../lib/enos/credentials.ts";

const credentials: Credentials = {
  accessKey: "ab",
  secretKey: "cd",
  baseUrl: "https://apim.example",
  requestsPerSecond: undefined,
};

it("a fingerprint distinguishes sets of keys without revealing them", () => {
  expect(fingerprint(credentials)).toMatch(/^[0-9a-f]{12}$/);
  expect(fingerprint({ ...credentials, requestsPerSecond: 2 })).toBe(fingerprint(credentials));
  const others: Partial<Credentials>[] = [
    { accessKey: "abc", secretKey: "d" },
    { accessKey: "ab ", secretKey: "cd" },
    { accessKey: 'ab","cd' },
    { secretKey: "CD" },
    { baseUrl: "https://apim.example:8443" },
  ];
  const all = others.map((other) => fingerprint({ ...credentials, ...other }));
  expect(new Set([...all, fingerprint(credentials)]).size).toBe(others.length + 1);
});
