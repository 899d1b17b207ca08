import { readdir, readFile, readlink } from 'node:fs/promises';
import { type Clock, sleep } from '@slash32/shared';

const POLL_MS = 1;
const PATIENCE_MS = 5_000;

/** A protocol of netlink sockets (linux/netlink.h). */
export const NETLINK_NETFILTER = 12;

/**
 * Resolves with true when process `pid` has a netlink socket of this protocol that has joined a multicast group, that
 * is, when nothing that happens from now on escapes it; with false if the process ends or that takes 5 s. nft's
 * monitor says nothing by itself when it is ready; the kernel's table of netlink sockets does.
 */
export async function netlinkSubscribed(pid: number, protocol: number, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonicMs() + PATIENCE_MS;
  while (clock.monotonicMs() < deadline) {
    try {
      const [sockets, table] = await Promise.all([socketInodes(pid), readFile(`/proc/${pid}/net/netlink`, 'utf8')]);
      for (const line of table.split('\n').slice(1)) {
        const [, rowProtocol, , groups, ...rest] = line.trim().split(/\s+/);
        const inode = rest.at(-1);
        if (Number(rowProtocol) !== protocol || inode === undefined || !sockets.has(inode)) continue;
        if (groups !== undefined && /[^0]/.test(groups)) return true;
      }
    } catch {
      return false;
    }
    await sleep(clock, POLL_MS);
  }
  return false;
}

async function socketInodes(pid: number): Promise<ReadonlySet<string>> {
  const inodes = new Set<string>();
  for (const descriptor of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}
