/**
 * Options of Node for a process that lives some seconds: of the embedded database, which is WebAssembly, nothing is optimised. To do that
 * takes most of the processor's time of a start, and three times the memory, and pays only in a process that lives on.
 */
export const SHORT_LIVED = ['--liftoff-only'];
