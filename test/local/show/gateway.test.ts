import { expect, it } from "vitest";
import { gatewayIn } from "../../../local/show/gateway.ts";

const REAL = {
  ENOS_API_BASE_URL: "http://apim.corp.example:8080/",
  ENOS_ORG_ID: "o15504722874071",
  ENOS_ACCESS_KEY: "an-access-key",
  ENOS_SECRET_KEY: "example-secret-key",
};

it("a real gateway is used with the settings, which are also passed to the functions", () => {
  const settings = {
    ENOS_HTTP_HOSTS: "apim.corp.example",
    ENOS_CA_FILE: "test/examples/certificate/certificate.pem",
  };
  expect(gatewayIn({ ...REAL, ...settings })).toMatchObject({
    url: "http://apim.corp.example:8080",
    settings,
  });
  expect(() => gatewayIn(REAL)).toThrow("ENOS_API_BASE_URL must be https");
  expect(gatewayIn({ ...REAL, ENOS_API_BASE_URL: "http://127.0.0.1:4000" })).toMatchObject({ settings: {} });
  expect(gatewayIn(settings)).toBeUndefined();
});

it("a private CA that cannot be used is refused before anything starts", () => {
  const real = { ...REAL, ENOS_HTTP_HOSTS: "apim.corp.example" };
  expect(() => gatewayIn({ ...real, ENOS_CA_FILE: "stages/no.pem" })).toThrow(
    "ENOS_CA_FILE stages/no.pem cannot be read (ENOENT)",
  );
  expect(() => gatewayIn({ ...real, ENOS_CA_FILE: "README.md" })).toThrow(
    "ENOS_CA_FILE README.md has no certificate in PEM",
  );
});

it.each([
  [
    ["ENOS_API_BASE_URL"],
    "ENOS_ORG_ID, ENOS_ACCESS_KEY, ENOS_SECRET_KEY are missing, though ENOS_API_BASE_URL is set: ",
  ],
  [
    ["ENOS_API_BASE_URL", "ENOS_ORG_ID"],
    "ENOS_ACCESS_KEY, ENOS_SECRET_KEY are missing, though ENOS_API_BASE_URL, ENOS_ORG_ID are set: ",
  ],
  [
    ["ENOS_API_BASE_URL", "ENOS_ORG_ID", "ENOS_ACCESS_KEY"],
    "ENOS_SECRET_KEY is missing, though ENOS_API_BASE_URL, ENOS_ORG_ID, ENOS_ACCESS_KEY are set: ",
  ],
] as const)("%j alone is no real gateway", (names, problem) => {
  const some = Object.fromEntries(names.map((name) => [name, REAL[name]]));
  expect(() => gatewayIn(some)).toThrow(problem);
});
