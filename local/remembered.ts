import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../.tmp/remembered", import.meta.url));

/**
 * The environment of programs that are started repeatedly: Node caches compiled code there, which halves the time of a
 * start.
 */
export const REMEMBERED = { NODE_COMPILE_CACHE: FOLDER };

/** A home directory without any configuration. osls caches its compiled schema there, which saves a second. */
export const EMPTY_HOME = FOLDER;
