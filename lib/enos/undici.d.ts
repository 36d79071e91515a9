// undici types its package entry only.
declare module "undici/lib/dispatcher/agent.js" {
  export { Agent as default } from "undici";
}
