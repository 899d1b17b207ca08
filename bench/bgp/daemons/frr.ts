import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { type BgpDaemon, DAEMON_ADDRESS, DAEMON_AS, type DaemonTask, peersOf, SOURCE } from './bgp-daemon.ts';
import { DaemonProcess } from './daemon-process.ts';

const BGPD = '/usr/lib/frr/bgpd';

/** FRR's bgpd without zebra. */
export const frr: BgpDaemon = {
  name: 'FRR',
  method: 'routes given to it by a peer; asked with vtysh',
  heldRoutesFromSource: true,
  async start(place, task) {
    const { directory } = place;
    const config = join(directory, 'bgpd.conf');
    writeFileSync(config, configuration(task));
    // It runs as root only where the group frrvty has root as a member; `ip netns exec` has mounts of its own.
    const group = join(directory, 'group');
    writeFileSync(group, readFileSync('/etc/group', 'utf8').replace(/^frrvty:.*$/m, 'frrvty:x:0:root'));
    const daemon = new DaemonProcess(place, 'sh', [
      ...['-c', 'mount --bind "$1" /etc/group && shift && exec "$@"', 'sh', group, BGPD],
      ...['-u', 'root', '-g', 'root', '-f', config, '-i', join(directory, 'bgpd.pid'), '--no_zebra'],
      ...['--vty_socket', directory, '-P', '0', '--log', 'stdout'],
    ]);
    const show = async (what: string) =>
      (await execa('vtysh', ['--vty_socket', directory, '-d', 'bgpd', '-c', `show ${what}`])).stdout;
    await daemon.answers('bgpd', () => show('bgp summary'));
    return {
      pid: daemon.pid,
      processes: [daemon.pid],
      learned: async () => {
        const answer = JSON.parse(await show(`bgp neighbors ${SOURCE.address} json`));
        return Number(answer[SOURCE.address]?.addressFamilyInfo?.ipv4Unicast?.acceptedPrefixCounter ?? 0);
      },
      [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
    };
  },
};

const peer = (address: string, asNumber: number) => `
 neighbor ${address} remote-as ${asNumber}
 neighbor ${address} passive
 neighbor ${address} advertisement-interval 0`;

const configuration = (task: DaemonTask) => `
router bgp ${DAEMON_AS}
 bgp router-id ${DAEMON_ADDRESS}
 no bgp ebgp-requires-policy
${peersOf(task)
  .map(({ address, asNumber }) => peer(address, asNumber))
  .join('')}
`;
