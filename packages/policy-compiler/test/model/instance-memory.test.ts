import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { FabricModel } from '../../src/index.ts';
import { host, instance, network, securityGroup } from '../manifests.ts';

const INSTANCES = 20_000;
const GROUPS = 800;

/** Octets in use after a full collection. */
function usedOctets(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new TypeError('no collector');
  collect();
  return process.memoryUsage().heapUsed;
}

function hex(number: number): string {
  return (number & 255).toString(16).padStart(2, '0');
}

/** A host's agent knows all instances of the cloud: 250,000 of these are to fit. */
test('a resolved instance takes less than a kilobyte of memory, its texts included', () => {
  const model = new FabricModel();
  model.put(network('net', { pools: [{ cidr: '10.0.0.0/8', gateway: '10.255.0.1' }] }));
  for (let index = 0; index < INSTANCES / 200; index += 1) {
    model.put(host(`h${index}`, { address: `192.0.2.${index + 1}` }));
  }
  for (let index = 0; index < GROUPS; index += 1) model.put(securityGroup(`t/g${index}`, []));
  const before = usedOctets();
  for (let index = 0; index < INSTANCES; index += 1) {
    model.put(
      instance(`t/i${index}`, {
        host: `h${Math.floor(index / 200)}`,
        interface: `tap${index}`,
        mac: `52:54:00:00:${hex(index >> 8)}:${hex(index)}`,
        network: 'net',
        addresses: [`10.0.${index >> 8}.${index & 255}`],
        securityGroups: [`g${index % GROUPS}`],
      }),
    );
  }
  expect(model.findings()).toEqual([]);
  const each = (usedOctets() - before) / INSTANCES;
  expect(each).toBeGreaterThan(100);
  expect(each).toBeLessThan(1_000);
  expect(model.membersOf('t/g0').addresses.size).toBe(INSTANCES / GROUPS);
});
