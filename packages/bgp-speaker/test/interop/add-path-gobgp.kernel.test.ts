import { GobgpRouter } from '../lab/gobgp-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { type AddPathRouter, describeAddPath } from './add-path-suite.ts';

function neighbor(number: number, asNumber: number, addPaths: string): string {
  const families = ['ipv4', 'ipv6'].map(
    (name) => `
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${name}-unicast"
${addPaths}`,
  );
  return `
[[neighbors]]
  [neighbors.config]
    neighbor-address = "192.0.2.${number}"
    peer-as = ${asNumber}
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
    hold-time = 9
    keepalive-interval = 3
${families.join('')}`;
}

const CONFIGURATION = `
[global.config]
  as = 65000
  router-id = "192.0.2.254"
${neighbor(1, 64_601, '    [neighbors.afi-safis.add-paths.config]\n      receive = true\n      send-max = 8\n')}
${neighbor(11, 64_711, '')}
${neighbor(12, 64_712, '')}
`;

async function create(namespace: Namespace): Promise<AddPathRouter> {
  const gobgp = await GobgpRouter.create(namespace);
  return {
    get log() {
      return gobgp.log;
    },
    start: () => gobgp.startWith(CONFIGURATION),
    nextHops: async (prefix) => {
      const text = await gobgp.command(`global rib ${prefix} -a ${prefix.includes(':') ? 'ipv6' : 'ipv4'}`);
      const own = prefix.replaceAll('.', '\\.');
      return [...text.matchAll(new RegExp(`${own}\\s+(\\S+)`, 'g'))].map(([, nextHop = '']) => nextHop);
    },
    [Symbol.asyncDispose]: () => gobgp[Symbol.asyncDispose](),
  };
}

describeAddPath({ name: 'gobgp', create, knowsOtherNextHop: true });
