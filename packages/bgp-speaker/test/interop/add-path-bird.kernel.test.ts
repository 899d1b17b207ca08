import { BirdRouter } from '../lab/bird-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { type AddPathRouter, describeAddPath } from './add-path-suite.ts';

function session(name: string, number: number, asNumber: number, options: string): string {
  const channel = `{ import all; export all; ${options} }`;
  return `
protocol bgp ${name} {
  local 192.0.2.254 as 65000;
  neighbor 192.0.2.${number} as ${asNumber};
  direct;
  connect delay time 1;
  error wait time 1, 2;
  ipv4 ${channel};
  ipv6 ${channel};
}`;
}

const CONFIGURATION = `
log stderr all;
router id 192.0.2.254;
protocol device { scan time 1; }
${session('host', 1, 64_601, 'add paths on;')}
${session('other11', 11, 64_711, '')}
${session('other12', 12, 64_712, '')}
`;

async function create(namespace: Namespace): Promise<AddPathRouter> {
  const bird = await BirdRouter.create(namespace);
  return {
    get log() {
      return bird.log;
    },
    start: () => bird.start(CONFIGURATION),
    nextHops: async (prefix) => {
      const text = await bird.show(`route ${prefix}`).catch(() => '');
      return [...text.matchAll(/via (\S+) on/g)].map(([, nextHop = '']) => nextHop);
    },
    [Symbol.asyncDispose]: () => bird[Symbol.asyncDispose](),
  };
}

describeAddPath({ name: 'bird', create, knowsOtherNextHop: true });
