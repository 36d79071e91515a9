// Replaces the SDK's chain of credential providers: in Lambda, credentials are in the environment, and the code for all
// other sources is a third of a bundle.
export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";
