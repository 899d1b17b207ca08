import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { WirePeerSettings } from '../wire-peer-messages.ts';
import {
  BFD_INTERVAL_MS,
  type BgpDaemon,
  DAEMON_ADDRESS,
  DAEMON_AS,
  type DaemonPlace,
  type DaemonTask,
  peersOf,
  SOURCE,
} from './bgp-daemon.ts';
import { DaemonProcess } from './daemon-process.ts';

const DAEMONS = '/usr/lib/frr';

/** FRR: bgpd alone, or with zebra and bfdd where the task needs the kernel or BFD. */
export const frr: BgpDaemon = {
  name: 'FRR',
  learnsFromKernel: true,
  method: 'routes given to it by a peer; asked with vtysh',
  heldRoutesFromSource: true,
  async start(place, task) {
    await using stack = new AsyncDisposableStack();
    const show = async (daemon: string, what: string) =>
      (await execa('vtysh', ['--vty_socket', place.directory, '-d', daemon, '-c', `show ${what}`])).stdout;
    const processes: number[] = [];
    const start = async (daemon: string, options: readonly string[], question: string, text: string) => {
      const running = stack.use(startDaemon(place, daemon, options, text));
      processes.push(running.pid);
      await running.answers(daemon, () => show(daemon, question));
      return running.pid;
    };
    const needsZebra = task.installs || task.bfd === true || task.learnsFromKernel === true;
    if (needsZebra) await start('zebra', [], 'interface brief', ZEBRA);
    if (task.bfd === true) {
      await start('bfdd', ['--bfdctl', join(place.directory, 'bfdd.sock')], 'bfd peers', 'bfd\n');
    }
    const pid = await start('bgpd', needsZebra ? [] : ['--no_zebra'], 'bgp summary', configuration(task));
    const resources = stack.move();
    return {
      pid,
      processes,
      learned: async () => {
        const answer = JSON.parse(await show('bgpd', `bgp neighbors ${SOURCE.address} json`));
        return Number(answer[SOURCE.address]?.addressFamilyInfo?.ipv4Unicast?.acceptedPrefixCounter ?? 0);
      },
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  },
};

/** With next-hop objects, 8.4 does not bring back a member of a group that had lost its carrier. */
const ZEBRA = 'no zebra nexthop kernel enable\n';

function startDaemon(place: DaemonPlace, daemon: string, options: readonly string[], text: string): DaemonProcess {
  const own = (name: string) => join(place.directory, name);
  writeFileSync(own(`${daemon}.conf`), text);
  // It runs as root only where the group frrvty has root as a member; `ip netns exec` has mounts of its own.
  writeFileSync(own('group'), readFileSync('/etc/group', 'utf8').replace(/^frrvty:.*$/m, 'frrvty:x:0:root'));
  return new DaemonProcess(place, 'sh', [
    ...['-c', 'mount --bind "$1" /etc/group && shift && exec "$@"', 'sh', own('group'), join(DAEMONS, daemon)],
    ...['-u', 'root', '-g', 'root', '-f', own(`${daemon}.conf`), '-i', own(`${daemon}.pid`)],
    ...['-z', own('zserv.api'), '--vty_socket', place.directory, '-P', '0', '--log', 'stdout', ...options],
  ]);
}

function configuration(task: DaemonTask): string {
  const peer = ({ address, asNumber }: WirePeerSettings) => `
 neighbor ${address} remote-as ${asNumber}
 neighbor ${address} passive
 neighbor ${address} advertisement-interval 0${task.bfd === true ? `\n neighbor ${address} bfd 3 ${BFD_INTERVAL_MS} ${BFD_INTERVAL_MS}` : ''}`;
  return `
router bgp ${DAEMON_AS}
 bgp router-id ${DAEMON_ADDRESS}
 no bgp ebgp-requires-policy
${peersOf(task).map(peer).join('')}
${task.learnsFromKernel === true ? ' address-family ipv4 unicast\n  redistribute kernel\n exit-address-family' : ''}
`;
}
