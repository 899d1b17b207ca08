import { openCLibrary } from './c-library.ts';

const PRIO_PROCESS = 0;

/**
 * Sets the nice value (−20, first served, to 19) of the calling thread alone: on Linux each thread has its own. False
 * if it may not be lowered, which takes CAP_SYS_NICE. Throws `FabricError` `foreign.unavailable`.
 */
export function setThreadNice(nice: number): boolean {
  const setpriority = openCLibrary().func('int setpriority(int, unsigned int, int)');
  return setpriority(PRIO_PROCESS, 0, nice) === 0;
}
