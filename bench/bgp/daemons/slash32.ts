import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ControlClient, connectControl, type SpeakerMethods } from '@slash32/shared';
import { waitUntil } from '../../lab/wait-until.ts';
import {
  BFD_INTERVAL_MS,
  type BgpDaemon,
  BLOCKED_MS,
  DAEMON_ADDRESS,
  DAEMON_AS,
  type DaemonPlace,
  type DaemonTask,
  peersOf,
} from './bgp-daemon.ts';
import { DaemonProcess } from './daemon-process.ts';

const BINARY = join(import.meta.dirname, '../../../bin/bgp-speaker');
const ENDPOINT_PROTOCOL = 133;

/** bgp-speaker; the routes it announces are in the kernel, as the agent would put them there. */
export const slash32: BgpDaemon = {
  name: 'slash32',
  learnsFromKernel: true,
  method: 'kernel routes of protocol 133; asked over its control socket',
  async start(place, task) {
    const { namespace, directory } = place;
    await namespace.ipBatch(task.holds.map((prefix) => `route add ${prefix} dev tap0 proto ${ENDPOINT_PROTOCOL}`));
    await using stack = new AsyncDisposableStack();
    const daemon = stack.use(startDaemon(place, task));
    const socket = join(directory, 'speaker.sock');
    let opened: ControlClient<SpeakerMethods> | undefined;
    await daemon.answers('bgp-speaker', async () => {
      opened = await connectControl<SpeakerMethods>(socket);
    });
    if (opened === undefined) throw new Error('bgp-speaker: no control connection');
    const control = stack.use(opened);
    await waitUntil('bgp-speaker to know its routes and peers', 60_000, async () => {
      const { localRoutes, sessions } = await control.call('speaker.status', {});
      return localRoutes === task.holds.length && sessions.configured === peersOf(task).length ? true : undefined;
    });
    const resources = stack.move();
    return {
      pid: daemon.pid,
      processes: [daemon.pid],
      blockMainThread: () => process.kill(daemon.pid, 'SIGUSR2'),
      learned: async () => (await control.call('speaker.status', {})).learnedRoutes,
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  },
};

function startDaemon(place: DaemonPlace, task: DaemonTask): DaemonProcess {
  const { directory } = place;
  mkdirSync(join(directory, 'fabric'));
  writeFileSync(join(directory, 'fabric', 'all.yaml'), manifests(task));
  const options = [
    ...['--host', 'h1', '--datastore', `dir:${join(directory, 'fabric')}`],
    ...['--control-socket', join(directory, 'speaker.sock')],
    ...(task.installs ? [] : ['--install-routes', 'no']),
  ];
  if (task.bfd !== true) return new DaemonProcess(place, BINARY, options);
  const block = `--import ${join(import.meta.dirname, 'block-main-thread.ts')}`;
  return new DaemonProcess(place, 'env', [`NODE_OPTIONS=${block}`, `BLOCKED_MS=${BLOCKED_MS}`, BINARY, ...options]);
}

const BFD = `, bfd: { minTxMs: ${BFD_INTERVAL_MS}, minRxMs: ${BFD_INTERVAL_MS}, multiplier: 3 }`;

const manifests = (task: DaemonTask) => `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: ${DAEMON_ADDRESS}, asNumber: ${DAEMON_AS} }
${peersOf(task)
  .map(
    ({ address, asNumber }) => `---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: "p${address.replaceAll('.', '-')}" }
spec: { hosts: all(), address: ${address}, asNumber: ${asNumber}, families: [ipv4-unicast], passive: true${task.bfd === true ? BFD : ''}${task.relays === true ? ', routeServerClient: true' : ''} }
`,
  )
  .join('')}`;
