import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { type BgpDaemon, DAEMON_ADDRESS, DAEMON_AS, type DaemonTask, SINK, SOURCE } from './bgp-daemon.ts';
import { DaemonProcess } from './daemon-process.ts';

const BGPD = '/usr/lib/frr/bgpd';

/** FRR's bgpd without zebra. */
export const frr: BgpDaemon = {
  name: 'FRR',
  method: '`network` statements; asked with vtysh',
  async start(place, task) {
    const { directory } = place;
    const config = join(directory, 'bgpd.conf');
    writeFileSync(config, configuration(task));
    const daemon = new DaemonProcess(place, BGPD, [
      ...['-u', 'root', '-g', 'root', '-f', config, '-i', join(directory, 'bgpd.pid'), '--no_zebra'],
      ...['--vty_socket', directory, '-P', '0', '--log', 'stdout'],
    ]);
    const show = async (what: string) =>
      (await execa('vtysh', ['--vty_socket', directory, '-d', 'bgpd', '-c', `show ${what}`])).stdout;
    await daemon.answers('bgpd', () => show('bgp summary'));
    return {
      pid: daemon.pid,
      learned: async () => {
        const answer = JSON.parse(await show(`bgp ipv4 unicast neighbors ${SOURCE.address} json`));
        return Number(answer[SOURCE.address]?.addressFamilyInfo?.ipv4Unicast?.acceptedPrefixCounter ?? 0);
      },
      [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
    };
  },
};

function configuration({ holds }: DaemonTask): string {
  const peer = (address: string, asNumber: number) => `
 neighbor ${address} remote-as ${asNumber}
 neighbor ${address} passive
 neighbor ${address} advertisement-interval 0`;
  return `
router bgp ${DAEMON_AS}
 bgp router-id ${DAEMON_ADDRESS}
 no bgp ebgp-requires-policy
 no bgp network import-check
${peer(SINK.address, SINK.asNumber)}${peer(SOURCE.address, SOURCE.asNumber)}
 address-family ipv4 unicast
${holds.map((prefix) => `  network ${prefix}`).join('\n')}
 exit-address-family
`;
}
