import module from 'node:module';
import { processIo } from './cli/command-io.ts';

// Compiled code is kept between runs: it halves the time that the libraries need to load.
module.enableCompileCache();
const { runFabricctl } = await import('./cli/run-fabricctl.ts');

// A reader that went away, as in `fabricctl get … | head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode);
  throw error;
});
process.exitCode = await runFabricctl(process.argv.slice(2), processIo());
