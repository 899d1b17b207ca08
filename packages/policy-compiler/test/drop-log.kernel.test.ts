import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resource } from '@slash32/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arp, ethernet, ip, udp } from './frames.ts';
import { inside, macOf, sendFrames } from './kernel-host.ts';
import { instanceAt, KernelSite } from './kernel-site.ts';
import { type RuleInput, securityGroup } from './manifests.ts';

/** Drops go to an nflog group, which, unlike the kernel's log, every network namespace has for itself. */

const GROUP = 7;
const PER_SECOND = 20;
const ANY_UDP: RuleInput[] = (['ingress', 'egress'] as const).map((direction) => ({
  direction,
  ethertype: 'IPv4',
  protocol: 'udp',
}));
let site: KernelSite;
let listener: ChildProcess;
const capture = join(mkdtempSync(join(tmpdir(), 'slash32-drops-')), 'drops.pcap');

function logged(index: number): Resource {
  const some = instanceAt(index);
  if (some.kind !== 'Instance') throw new TypeError('not an Instance');
  return { ...some, spec: { ...some.spec, logDrops: { perSecond: PER_SECOND, nflogGroup: GROUP } } };
}

/** How often each prefix was logged so far. */
function counts(): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [, words = ''] of readFileSync(capture, 'latin1').matchAll(/slash32 drop ([^:]+): /g)) {
    found[words] = (found[words] ?? 0) + 1;
  }
  return found;
}

async function until(words: string, count = 1): Promise<void> {
  await expect.poll(() => counts()[words] ?? 0, { timeout: 10_000, message: words }).toBeGreaterThanOrEqual(count);
}

beforeAll(async () => {
  site = await KernelSite.start();
  site.update(securityGroup('t/g1', []), logged(0), logged(3));
  listener = spawn('tcpdump', ['-i', `nflog:${GROUP}`, '-U', '-w', capture], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise((resolve) => listener.stderr?.once('data', resolve));
});

afterAll(() => {
  listener.kill();
  site[Symbol.dispose]();
});

test('a packet that no rule allows is logged at the end that drops it, of flows and of single packets', async () => {
  await site.sendProbe('t/i1', '10.1.0.1', 'outside', '198.51.100.7', 443);
  await until('t/i1 egress');
  await site.sendProbe('outside', '198.51.100.7', 't/i1', '10.1.0.1', 443);
  await until('t/i1 ingress');
  await site.sendProbe('t/i4', '10.1.0.4', 'outside', '198.51.100.7', 443);
  await until('t/i4 egress');
  await site.sendProbe('outside', '198.51.100.7', 't/i4', '10.1.0.4', 443);
  await until('t/i4 ingress');
});

test('so is what an instance may never send, and what its host does not take', async () => {
  const { mac, interface: tap } = site.open('t/i1');
  const forged = { source: '10.1.0.77', destination: '198.51.100.7' };
  const datagram = ip(forged, 17, udp(forged, { source: 1, destination: 2 }, Buffer.from('x')));
  sendFrames('t-i1', 'eth0', ethernet({ source: mac, destination: macOf(tap) }, 'ipv4', datagram));
  await until('t/i1 guard', 1);
  await site.sendProbe('t/i1', '10.1.0.1', 'outside', '192.0.2.11', 22);
  await until('t/i1 guard', 2);
  const claim = arp({ operation: 1, senderMac: mac, senderAddress: '10.1.0.99', targetAddress: '10.1.0.254' });
  sendFrames('t-i1', 'eth0', ethernet({ source: mac, destination: 'ff:ff:ff:ff:ff:ff' }, 'arp', claim));
  await until('t/i1 ARP');
});

test('what passes is not, nor what others drop that log nothing', async () => {
  site.update(securityGroup('t/g1', ANY_UDP), securityGroup('u/g1', []));
  const before = counts();
  const passing = await site.sendProbe('t/i1', '10.1.0.1', 'outside', '198.51.100.7', 443);
  const silent = await site.sendProbe('t/i3', '10.3.0.3', 't/i1', '10.1.0.1', 443);
  await site.settle([passing, silent]);
  expect([passing.verdict, silent.verdict]).toEqual(['pass', 'drop']);
  await site.sendProbe('t/i4', '10.1.0.4', 'outside', '198.51.100.7', 80);
  await until('t/i4 egress', (before['t/i4 egress'] ?? 0) + 1);
  expect(counts()).toEqual({ ...before, 't/i4 egress': (before['t/i4 egress'] ?? 0) + 1 });
});

test('a flow that is cut is logged when the far side goes on, as often as the limit allows', async () => {
  site.update(securityGroup('t/g1', ANY_UDP));
  await site.peer('outside').listenAt('198.51.100.7', 31_000);
  const flow = { family: 4, sourcePort: 30_001, port: 31_000, to: '198.51.100.7', address: '10.1.0.1' } as const;
  await site.peer('t/i1').send({ ...flow, payload: 'begins' });
  await site.peer('outside').until(() => site.peer('outside').packet('begins') !== undefined, 'begins');
  const before = counts()['t/i1 egress'] ?? 0;
  site.update(securityGroup('t/g1', []));
  inside('outside', 'route get 10.1.0.1');
  const startedMs = performance.now();
  const back = { family: 4, address: '198.51.100.7', sourcePort: 31_000, to: '10.1.0.1', port: 30_001 } as const;
  for (let index = 0; index < 200; index += 1) await site.peer('outside').send({ ...back, payload: `on ${index}` });
  const seconds = (performance.now() - startedMs) / 1_000;
  await until('t/i1 egress', before + PER_SECOND);
  const logs = (counts()['t/i1 egress'] ?? 0) - before;
  expect(logs).toBeLessThanOrEqual(PER_SECOND * (2 + seconds));
  expect(logs).toBeLessThan(200);
});
