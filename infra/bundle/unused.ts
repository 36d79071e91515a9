/** Stands in the bundles for modules that no function gets to use; undici wants HTTP/2's constants, if none. */
export const constants = {};
export default {};
