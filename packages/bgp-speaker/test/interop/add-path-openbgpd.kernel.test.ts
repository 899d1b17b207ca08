import type { Namespace } from '../lab/namespace.ts';
import { OpenbgpdRouter } from '../lab/openbgpd-router.ts';
import { type AddPathRouter, describeAddPath } from './add-path-suite.ts';

function neighbor(number: number, asNumber: number, addPaths: string): string {
  return `
neighbor 192.0.2.${number} {
  remote-as ${asNumber}
  announce IPv4 unicast
  announce IPv6 unicast
  enforce neighbor-as no
  holdtime 9
  ${addPaths}
}`;
}

const configuration = (socket: string) => `
AS 65000
router-id 192.0.2.254
socket "${socket}"
fib-update no
nexthop qualify via default
${neighbor(1, 64_601, 'announce add-path recv yes\n  announce add-path send all')}
${neighbor(11, 64_711, '')}
${neighbor(12, 64_712, '')}
allow from any
allow to any
`;

async function create(namespace: Namespace): Promise<AddPathRouter> {
  const openbgpd = await OpenbgpdRouter.create(namespace);
  return {
    get log() {
      return openbgpd.log;
    },
    start: () => openbgpd.startWith(configuration),
    nextHops: async (prefix) => {
      const text = await openbgpd.command(`show rib detail ${prefix}`).catch(() => '');
      return [...text.matchAll(/Nexthop (\S+)/g)].map(([, nextHop = '']) => nextHop);
    },
    [Symbol.asyncDispose]: () => openbgpd[Symbol.asyncDispose](),
  };
}

describeAddPath({ name: 'openbgpd', create, knowsOtherNextHop: false });
