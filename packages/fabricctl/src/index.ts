/** The command line as a function, for tests that run commands in their own process. */
export type { CommandIo } from './cli/command-io.ts';
export { EXIT_CODE, type ExitCode } from './cli/exit-code.ts';
export { runFabricctl } from './cli/run-fabricctl.ts';
