import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../.tmp/remembered", import.meta.url));

/**
 * For the environment of programs that are started again and again: Node keeps there what it has compiled, which is
 * half of what a start takes.
 */
export const REMEMBERED = { NODE_COMPILE_CACHE: FOLDER };

/** A home that nobody has set anything in. osls keeps its compiled schema there, which takes it a second. */
export const EMPTY_HOME = FOLDER;
