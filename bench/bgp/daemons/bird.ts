import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { WirePeerSettings } from '../wire-peer-messages.ts';
import {
  BFD_INTERVAL_MS,
  type BgpDaemon,
  DAEMON_ADDRESS,
  DAEMON_AS,
  type DaemonTask,
  peersOf,
  SOURCE,
} from './bgp-daemon.ts';
import { DaemonProcess } from './daemon-process.ts';

export const bird: BgpDaemon = {
  name: 'BIRD',
  learnsFromKernel: true,
  tool: 'birdc configure, with one static route more in the file',
  method: 'static routes, or kernel routes that it learns; asked with birdc',
  async start(place, task) {
    const config = join(place.directory, 'bird.conf');
    const socket = join(place.directory, 'bird.ctl');
    writeFileSync(config, configuration(task));
    const daemon = new DaemonProcess(place, 'bird', ['-f', '-c', config, '-s', socket]);
    const birdc = async (...words: string[]) => (await execa('birdc', ['-s', socket, ...words])).stdout;
    await daemon.answers('bird', () => birdc('show', 'status'));
    const added: string[] = [];
    return {
      pid: daemon.pid,
      processes: [daemon.pid],
      learned: async () => Number(/^\s*(\d+) of/m.exec(await birdc('show', 'route', 'protocol', 'feed', 'count'))?.[1]),
      addRoute: async (prefix) => {
        added.push(prefix);
        writeFileSync(config, configuration({ ...task, holds: [...task.holds, ...added] }));
        const startMs = performance.timeOrigin + performance.now();
        await birdc('configure');
        return startMs;
      },
      [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
    };
  },
};

function configuration(task: DaemonTask): string {
  const { holds, installs, bfd = false, learnsFromKernel = false } = task;
  const peer = (name: string, { address, asNumber, daemonAddress }: WirePeerSettings) => `
protocol bgp ${name} {
  local ${daemonAddress} as ${DAEMON_AS};
  neighbor ${address} as ${asNumber};
  passive on; connect delay time 1; error wait time 1, 1;
  graceful restart off;${bfd ? '\n  bfd on;' : ''}
  ipv4 { import all; export ${name === 'feed' ? 'none' : 'all'}; next hop self; };
}`;
  return `
router id ${DAEMON_ADDRESS};
protocol device { }
${bfd ? `protocol bfd { interface "eth*" { interval ${BFD_INTERVAL_MS} ms; multiplier 3; }; }` : ''}
protocol kernel { learn; scan time ${learnsFromKernel ? 20 : 3600}; merge paths on; ipv4 { import all; export ${installs ? 'where source = RTS_BGP' : 'none'}; }; }
protocol static { ipv4; ${holds.map((prefix) => `route ${prefix} blackhole;`).join('\n')} }
${peersOf(task)
  .map((each, index) => peer(each.address === SOURCE.address ? 'feed' : `sink${index}`, each))
  .join('\n')}
`;
}
