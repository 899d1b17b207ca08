import { afterAll, afterEach, beforeAll } from 'vitest';
import { FabricLab } from '../harness/fabric-lab.ts';
import type { Lab } from '../harness/lab.ts';
import { Prober, type ProberOptions } from '../harness/prober.ts';
import { loadTopology } from '../harness/topology.ts';
import { withoutNodes } from '../scenario/placement.ts';
import { INTERNET_ADDRESSES, TWO_RACKS } from '../scenario/seven-screens.ts';

/**
 * One lab for all tests of a file: up before the first, down after the last. Prints the logs of every node when a test
 * fails.
 */
export function useLab<Subject extends AsyncDisposable>(
  start: () => Promise<Subject>,
  labOf: (subject: Subject) => Lab,
): () => Subject {
  let subject: Subject | undefined;
  beforeAll(async () => {
    subject = await start();
  });
  afterEach(async (context) => {
    if (context.task.result?.state === 'fail' && subject !== undefined) {
      process.stderr.write(`\nlogs after "${context.task.name}":\n${await labOf(subject).describeLogs()}`);
    }
  });
  afterAll(async () => {
    await subject?.[Symbol.asyncDispose]();
  });
  return () => {
    if (subject === undefined) throw new Error('the lab did not come up');
    return subject;
  };
}

/** Routers, hosts and the internet with all sessions up, but no instance yet; and a prober at the internet node. */
export class EmptyFabric implements AsyncDisposable {
  readonly fabric: FabricLab;
  readonly internet: Prober;

  private constructor(fabric: FabricLab, internet: Prober) {
    this.fabric = fabric;
    this.internet = internet;
  }

  static async start(): Promise<EmptyFabric> {
    const topology = withoutNodes(await loadTopology(TWO_RACKS), ['pub', 'def', 'prv']);
    const fabric = await FabricLab.up(topology);
    const [internet] = await Promise.all([
      Prober.start(fabric.lab.node('w'), { ...PORTS, addresses: [...INTERNET_ADDRESSES, INTERNET_IPV6] }),
      fabric.awaitSessions(),
    ]);
    return new EmptyFabric(fabric, internet);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fabric[Symbol.asyncDispose]();
  }
}

export const INTERNET_IPV4 = '198.51.100.10';
export const INTERNET_IPV6 = '2001:db8:f000::10';
export const PORTS: Pick<ProberOptions, 'tcpPorts' | 'udpPorts'> = { tcpPorts: [80, 443], udpPorts: [53, 5000] };

/** The labs' manifests of a group that lets everything pass, both families and ways. */
export const OPEN_GROUP = `
apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: open }
spec:
  rules:
    - { direction: egress, ethertype: IPv4 }
    - { direction: egress, ethertype: IPv6 }
    - { direction: ingress, ethertype: IPv4 }
    - { direction: ingress, ethertype: IPv6 }
`;

export function useEmptyFabric(): () => EmptyFabric {
  return useLab(
    () => EmptyFabric.start(),
    (empty) => empty.fabric.lab,
  );
}
