// In the bundles this is `@aws-sdk/credential-provider-node`. Lambda gives a function its credentials in the
// environment; the code for the other places where it could find some is a third of a bundle.
export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";
