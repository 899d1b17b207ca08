import { runDaemon } from '@slash32/shared';
import { runSpeaker } from './daemon/run-speaker.ts';

await runDaemon((signal, context) => runSpeaker(process.argv.slice(2), process.env, signal, context));
