import { openCLibrary } from './c-library.ts';

const PRIO_PROCESS = 0;
const CALLING_THREAD = 0;
const SCHED_RR = 2;
/** Threads and children of the thread begin as ordinary ones. */
const SCHED_RESET_ON_FORK = 0x4000_0000;
const LOWEST_REAL_TIME_PRIORITY = 1;
const FIRST_NICE = -20;

/**
 * `real-time`: before all ordinary threads of the machine. `nice`: before the other threads of its control group or
 * session. `ordinary`: neither was allowed.
 */
export type ThreadPriority = 'real-time' | 'nice' | 'ordinary';

/**
 * Gives the calling thread, and no other, the best of these that it may have (CAP_SYS_NICE). Only for a thread that works
 * for microseconds at a time: nothing ordinary runs on its processor meanwhile, though the kernel keeps a twentieth of it
 * for others (`kernel.sched_rt_runtime_us`). Throws `FabricError` `foreign.unavailable`.
 */
export function raiseThreadPriority(): ThreadPriority {
  const { func } = openCLibrary();
  const setScheduler = func('int sched_setscheduler(int, int, const void *)');
  // struct sched_param is one int.
  const parameter = new Uint8Array(4);
  new DataView(parameter.buffer).setInt32(0, LOWEST_REAL_TIME_PRIORITY, true);
  if (setScheduler(CALLING_THREAD, SCHED_RR | SCHED_RESET_ON_FORK, parameter) === 0) return 'real-time';
  const setPriority = func('int setpriority(int, unsigned int, int)');
  return setPriority(PRIO_PROCESS, CALLING_THREAD, FIRST_NICE) === 0 ? 'nice' : 'ordinary';
}
