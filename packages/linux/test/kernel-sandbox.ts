import { execFileSync } from 'node:child_process';
import { SystemClock } from '@slash32/shared';
import { type Kernel, openKernel } from '../src/index.ts';

/** Runs a command of the operator's, as root in the sandbox; throws with its standard error. */
export function sh(command: string): string {
  return execFileSync('sh', ['-c', `set -e; ${command}`], {
    encoding: 'utf8',
    env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, HOME: '/dev/null' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Refuses to touch the network that the machine lives on. */
export async function openSandboxKernel(): Promise<Kernel> {
  if (process.env.SLASH32_SANDBOX !== '1') throw new Error('kernel tests run inside scripts/sandbox only');
  return openKernel({ clock: new SystemClock() });
}
