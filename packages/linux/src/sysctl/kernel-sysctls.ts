import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { FabricError } from '@slash32/shared';
import type { NetlinkContext } from '../netlink/netlink-context.ts';
import type { Notification, NotificationKind } from '../netlink/notification.ts';
import type { SettingListener, Sysctls } from './sysctls.ts';

const KINDS: ReadonlySet<NotificationKind> = new Set<NotificationKind>(['setting']);

/** {@link Sysctls} of the network namespace that we run in, through /proc/sys. */
export class KernelSysctls implements Sysctls {
  readonly #context: Pick<NetlinkContext, 'monitor'>;

  constructor(context: Pick<NetlinkContext, 'monitor'>) {
    this.#context = context;
  }

  async read(key: string): Promise<string> {
    const path = pathOf(key);
    try {
      // Reading takes no lock in the kernel and some 10 µs; a thread of the pool would cost five times that.
      return readFileSync(path, 'utf8').trimEnd();
    } catch (error) {
      throw describeFailure(key, error);
    }
  }

  async write(key: string, value: string): Promise<boolean> {
    if ((await this.read(key)) === value) return false;
    try {
      await writeFile(pathOf(key), value, { flag: 'r+' });
    } catch (error) {
      throw describeFailure(key, error, value);
    }
    return true;
  }

  watch(listener: SettingListener, signal: AbortSignal): Promise<void> {
    const onNotifications = (notifications: readonly Notification[]): void => {
      for (const notification of notifications) {
        if (notification.kind !== 'setting') continue;
        const { family, device, values } = notification;
        for (const [name, value] of values) {
          if (!signal.aborted) listener.onChange(keyOf(family, device, name), String(value));
        }
      }
    };
    return this.#context.monitor.subscribe(
      { kinds: KINDS, onNotifications, onGap: () => listener.onOverrun() },
      signal,
    );
  }
}

/** `net/ipv4/conf/all/forwarding` is the same as `net/ipv4/ip_forward`, the name that everybody knows. */
function keyOf(family: 4 | 6, device: string, name: string): string {
  if (family === 4 && device === 'all' && name === 'forwarding') return 'net/ipv4/ip_forward';
  return `net/ipv${family}/conf/${device}/${name}`;
}

function pathOf(key: string): string {
  const parts = key.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new FabricError('sysctl.absent', `"${key}" is no path below /proc/sys`, { details: { key } });
  }
  return `/proc/sys/${key}`;
}

function describeFailure(key: string, cause: unknown, value?: string): FabricError {
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  if (errno === 'ENOENT' || errno === 'ENODEV') {
    const message = `/proc/sys/${key} does not exist: its interface has gone, or the kernel lacks the feature`;
    return new FabricError('sysctl.absent', message, { details: { key }, cause });
  }
  const wanted = value === undefined ? 'cannot be read' : `does not take "${value}"`;
  return new FabricError('sysctl.refused', `/proc/sys/${key} ${wanted}: ${errno}`, { details: { key, errno }, cause });
}
