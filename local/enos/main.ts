/** The EnOS simulator as a process of its own: `node local/enos/main.ts [port]`. */
import { portArgument, runStandalone } from "../aws/standalone.ts";
import { startEnosSimulator } from "./simulator.ts";

await runStandalone(async () => startEnosSimulator({ port: portArgument() }));
