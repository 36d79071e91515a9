// Instead of the SDK's chain of credential providers: Lambda gives a function its credentials in the environment,
// and the code for all the other places where there may be some is a third of a bundle.
export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";
