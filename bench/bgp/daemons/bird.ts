import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { type BgpDaemon, DAEMON_ADDRESS, DAEMON_AS, type DaemonTask, peersOf, SOURCE } from './bgp-daemon.ts';
import { DaemonProcess } from './daemon-process.ts';

export const bird: BgpDaemon = {
  name: 'BIRD',
  method: 'static routes, or kernel routes that it learns; asked with birdc',
  async start(place, task) {
    const config = join(place.directory, 'bird.conf');
    const socket = join(place.directory, 'bird.ctl');
    writeFileSync(config, configuration(task));
    const daemon = new DaemonProcess(place, 'bird', ['-f', '-c', config, '-s', socket]);
    const birdc = async (...words: string[]) => (await execa('birdc', ['-s', socket, ...words])).stdout;
    await daemon.answers('bird', () => birdc('show', 'status'));
    return {
      pid: daemon.pid,
      processes: [daemon.pid],
      learned: async () => Number(/^\s*(\d+) of/m.exec(await birdc('show', 'route', 'protocol', 'feed', 'count'))?.[1]),
      [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
    };
  },
};

function configuration(task: DaemonTask): string {
  const { holds, installs } = task;
  const peer = (name: string, address: string, asNumber: number) => `
protocol bgp ${name} {
  local ${DAEMON_ADDRESS} as ${DAEMON_AS};
  neighbor ${address} as ${asNumber};
  passive on; connect delay time 1; error wait time 1, 1;
  graceful restart off;
  ipv4 { import all; export ${name === 'feed' ? 'none' : 'all'}; next hop self; };
}`;
  return `
router id ${DAEMON_ADDRESS};
protocol device { }
protocol kernel { learn; scan time 3600; ipv4 { import all; export ${installs ? 'where source = RTS_BGP' : 'none'}; }; }
protocol static { ipv4; ${holds.map((prefix) => `route ${prefix} blackhole;`).join('\n')} }
${peersOf(task)
  .map(({ address, asNumber }, index) => peer(address === SOURCE.address ? 'feed' : `sink${index}`, address, asNumber))
  .join('\n')}
`;
}
