import { FrrRouter } from '../lab/frr-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { type AddPathRouter, describeAddPath } from './add-path-suite.ts';

const PEERS = [
  [1, 64_601],
  [11, 64_711],
  [12, 64_712],
] as const;

const family = (name: string) => `
 address-family ${name} unicast
${PEERS.map(([number]) => `  neighbor 192.0.2.${number} activate`).join('\n')}
  neighbor 192.0.2.1 addpath-tx-all-paths
 exit-address-family`;

// From a route server, the first AS of a path is not the neighbour's.
const CONFIGURATION = `
hostname router
router bgp 65000
 bgp router-id 192.0.2.254
 no bgp ebgp-requires-policy
 no bgp enforce-first-as
 timers bgp 3 9
${PEERS.map(([number, asNumber]) => ` neighbor 192.0.2.${number} remote-as ${asNumber}\n neighbor 192.0.2.${number} timers connect 1`).join('\n')}
${family('ipv4')}
${family('ipv6')}
`;

async function create(namespace: Namespace): Promise<AddPathRouter> {
  const frr = await FrrRouter.create(namespace);
  return {
    get log() {
      return frr.log;
    },
    start: () => frr.start(CONFIGURATION),
    nextHops: async (prefix) => {
      const text = await frr.show(`bgp ${prefix.includes(':') ? 'ipv6' : 'ipv4'} unicast ${prefix} json`);
      const { paths = [] } = JSON.parse(text) as {
        paths?: { nexthops: { ip: string; scope?: string }[] }[];
      };
      return paths.flatMap(({ nexthops }) =>
        nexthops.filter(({ scope }) => scope !== 'link-local').map(({ ip }) => ip),
      );
    },
    [Symbol.asyncDispose]: () => frr[Symbol.asyncDispose](),
  };
}

describeAddPath({ name: 'frr', create, knowsOtherNextHop: true });
