import { processIo } from './cli/command-io.ts';
import { runFabricctl } from './cli/run-fabricctl.ts';

// A reader that went away, as in `fabricctl get … | head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode);
  throw error;
});
process.exitCode = await runFabricctl(process.argv.slice(2), processIo());
