import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { type BgpDaemon, DAEMON_ADDRESS, DAEMON_AS, type DaemonTask, peersOf, SOURCE } from './bgp-daemon.ts';
import { DaemonProcess } from './daemon-process.ts';

/** OpenBGPD; of its processes, cost and memory are those of the route decision engine. */
export const openbgpd: BgpDaemon = {
  name: 'OpenBGPD',
  tool: 'bgpctl network add',
  method: 'routes given to it by a peer; asked with bgpctl; cost of its route decision engine alone',
  heldRoutesFromSource: true,
  async start(place, task) {
    const config = join(place.directory, 'bgpd.conf');
    const socket = join(place.directory, 'bgpd.sock');
    mkdirSync('/run/openbgpd', { recursive: true });
    writeFileSync(config, configuration(task, socket), { mode: 0o600 });
    const daemon = new DaemonProcess(place, 'bgpd', ['-d', '-f', config]);
    const ask = async (...words: string[]) => (await execa('bgpctl', ['-s', socket, ...words])).stdout;
    await daemon.answers('bgpd', () => ask('show'));
    const children = childrenOf(daemon.pid);
    const decisionEngine = children.find(({ words }) => words.includes('-R'))?.pid;
    if (decisionEngine === undefined) throw new Error('OpenBGPD has no route decision engine');
    return {
      pid: decisionEngine,
      processes: children.map(({ pid }) => pid).concat(daemon.pid),
      learned: async () => {
        const answer = JSON.parse(await ask('-j', 'show', 'neighbor', SOURCE.address));
        return Number(answer.neighbors[0].stats.prefixes.received);
      },
      addRoute: async (prefix) => {
        const startMs = performance.timeOrigin + performance.now();
        await ask('network', 'add', prefix);
        return startMs;
      },
      [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
    };
  },
};

/** Processes that `parent` has started, with the words of their command lines. */
function childrenOf(parent: number): { readonly pid: number; readonly words: readonly string[] }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const isChild = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(parent);
      if (!isChild) return [];
      return [{ pid: Number(name), words: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') }];
    } catch {
      return []; // It has ended meanwhile.
    }
  });
}

function configuration(task: DaemonTask, socket: string): string {
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
${peersOf(task).map(peer).join('\n')}
allow from any
allow to any
`;
}
