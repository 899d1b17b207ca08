import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { type BgpDaemon, DAEMON_ADDRESS, DAEMON_AS, SINK, SOURCE } from './bgp-daemon.ts';
import { DaemonProcess } from './daemon-process.ts';

/** OpenBGPD; of its processes, cost and memory are those of the route decision engine. */
export const openbgpd: BgpDaemon = {
  name: 'OpenBGPD',
  method: 'routes given to it by a peer; asked with bgpctl; cost of its route decision engine alone',
  heldRoutesFromSource: true,
  async start(place) {
    const config = join(place.directory, 'bgpd.conf');
    const socket = join(place.directory, 'bgpd.sock');
    mkdirSync('/run/openbgpd', { recursive: true });
    writeFileSync(config, configuration(socket), { mode: 0o600 });
    const daemon = new DaemonProcess(place, 'bgpd', ['-d', '-f', config]);
    const ask = async (...words: string[]) => (await execa('bgpctl', ['-s', socket, ...words])).stdout;
    await daemon.answers('bgpd', () => ask('show'));
    return {
      pid: decisionEngineOf(daemon.pid),
      learned: async () => {
        const answer = JSON.parse(await ask('-j', 'show', 'neighbor', SOURCE.address));
        return Number(answer.neighbors[0].stats.prefixes.received);
      },
      addRoute: async (prefix) => {
        await ask('network', 'add', prefix);
      },
      [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
    };
  },
};

function decisionEngineOf(parent: number): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const isChild = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(parent);
      if (isChild && readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes('-R')) return Number(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error('OpenBGPD has no route decision engine');
}

function configuration(socket: string): string {
  const peer = ({ address, asNumber }: { readonly address: string; readonly asNumber: number }) =>
    `neighbor ${address} {
  remote-as ${asNumber}
  passive
}`;
  return `
AS ${DAEMON_AS}
router-id ${DAEMON_ADDRESS}
socket "${socket}"
fib-update no
${peer(SINK)}
${peer(SOURCE)}
allow from any
allow to any
`;
}
