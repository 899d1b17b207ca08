import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BgpDaemon, DAEMON_ADDRESS, DAEMON_AS, type DaemonTask, peersOf } from './bgp-daemon.ts';
import { DaemonProcess } from './daemon-process.ts';

export const gobgp: BgpDaemon = {
  name: 'GoBGP',
  tool: 'gobgp global rib add',
  method: 'routes given to it by a peer; asked with gobgp',
  heldRoutesFromSource: true,
  async start(place, task) {
    const config = join(place.directory, 'gobgpd.toml');
    writeFileSync(config, configuration(task));
    const daemon = new DaemonProcess(place, 'gobgpd', ['-f', config, '-p']);
    const ask = (...words: string[]) => place.namespace.run('gobgp', ...words);
    await daemon.answers('gobgpd', () => ask('neighbor'));
    return {
      pid: daemon.pid,
      processes: [daemon.pid],
      learned: async () => Number(/Path: (\d+)/.exec(await ask('global', 'rib', 'summary'))?.[1]),
      addRoute: async (prefix) => {
        const startMs = performance.timeOrigin + performance.now();
        await ask('global', 'rib', 'add', prefix, 'nexthop', DAEMON_ADDRESS);
        return startMs;
      },
      [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
    };
  },
};

const configuration = (task: DaemonTask) => `
[global.config]
  as = ${DAEMON_AS}
  router-id = "${DAEMON_ADDRESS}"
${peersOf(task)
  .map(
    ({ address, asNumber }) => `
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${address}"
    peer-as = ${asNumber}
  [neighbors.transport.config]
    passive-mode = true
  [neighbors.timers.config]
    idle-hold-time-after-reset = 1
`,
  )
  .join('')}`;
