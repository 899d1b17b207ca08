import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FrrRouter } from '../lab/frr-router.ts';
import { Namespace } from '../lab/namespace.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { waitUntil } from '../lab/wait-until.ts';

const MANIFESTS = `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 10.255.0.1, asNumber: 64601 }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor }
spec: { hosts: all(), interface: eth0, asNumber: 65000, bfd: { minTxMs: 50, minRxMs: 50 } }
`;

/** A router whose only address that matters is its link-local one. */
const BGPD = `
hostname tor
router bgp 65000
 bgp router-id 10.255.0.254
 no bgp ebgp-requires-policy
 neighbor down0 interface remote-as external
 neighbor down0 timers connect 1
 neighbor down0 bfd
 neighbor down0 bfd 3 50 50
 address-family ipv6 unicast
  neighbor down0 activate
  neighbor down0 default-originate
 exit-address-family
`;

let stack: AsyncDisposableStack;

beforeEach(() => {
  stack = new AsyncDisposableStack();
});

afterEach(async () => {
  await stack.disposeAsync();
});

describe('BFD with FRR over an interface alone', () => {
  it('comes up between link-local addresses, and ends the session when bfdd hangs', async () => {
    const host = stack.use(await Namespace.create('bfdun-host'));
    const tor = stack.use(await Namespace.create('bfdun-tor'));
    await Namespace.link(host, 'eth0', [], tor, 'down0', []);
    await tor.exec('sysctl', ['-qw', 'net.ipv6.conf.all.forwarding=1']);
    const frr = stack.use(await FrrRouter.create(tor));
    const speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS));
    speaker.start();
    await frr.start(BGPD, { bfd: 'hostname bfdd\n' });
    await speaker.established('tor');
    await waitUntil(
      () => `BFD at 3 × 50 ms; log:\n${speaker.log}`,
      async () => {
        const { bfd } = await speaker.neighbor('tor');
        return bfd?.state === 'Up' && bfd.remoteState === 'Up' && bfd.detectionMs === 150 && !bfd.multihop;
      },
    );
    frr.freezeBfdd();
    await waitUntil(
      'BFD Down told',
      async () => (await speaker.neighbor('tor')).lastDown?.reason.includes('BFD Down') === true,
      3000,
    );
    expect((await speaker.neighbor('tor')).bfd?.lastDown?.reason).toBe('Control Detection Time Expired');
  });
});
