import { describe, expect, test } from 'vitest';
import { describeFault } from '../demo/matrix-text.ts';
import type { Flow } from '../harness/prober.ts';
import { waitFor } from '../harness/wait-for.ts';
import type { FlowOutcome } from '../scenario/flow-check.ts';
import { ScreenRun } from '../scenario/screen-run.ts';
import type { InstanceName, Screen } from '../scenario/seven-screens.ts';
import { useLab } from './lab-fixture.ts';

/**
 * The seven screens with one placement of the instances. Between screens 4 and 5, daemons are killed and restarted
 * under established flows that must not lose anything, and under a flood that must not get through.
 */
export function sevenScreensScenario(name: string, placement: Readonly<Record<InstanceName, string>>): void {
  describe(`seven screens, ${name}`, () => {
    const run = useLab(
      () => ScreenRun.start(placement),
      (subject) => subject.fabric.lab,
    );
    const hosts = [...new Set(Object.values(placement))];
    /** Floods that no screen ever permits, from the restarts to the end. */
    const forbidden: Flow[] = [];

    async function expectNothingOpened(): Promise<void> {
      for (const flow of forbidden) expect(await flow.statistics()).toMatchObject({ received: 0 });
      for (const [node, source] of [
        ['pub', '198.51.100.10'],
        ['def', '198.51.100.10'],
        ['prv', '203.0.113.10'],
      ] as const) {
        expect(await run().probers.get(node)?.received()).not.toHaveProperty([`udp/53 ${source}`]);
      }
    }

    async function show(number: string): Promise<void> {
      const screen = screenOf(run(), number);
      expect(faults((await run().show(screen)).outcomes)).toEqual([]);
    }

    for (const number of ['1', '2', '3', '4']) test(`screen ${number}`, () => show(number));

    test('agents and speakers are killed and restarted: established flows live, nothing opens', async () => {
      const { fabric } = run();
      const pub = proberOf(run(), 'pub');
      const internet = proberOf(run(), 'w');
      const target = { address: '198.51.100.10', transport: 'udp', port: 53 } as const;
      const flows: Flow[] = [
        await pub.startFlow(target, { intervalMs: 5 }),
        await pub.startFlow({ ...target, transport: 'tcp', port: 22 }, { intervalMs: 5 }),
        await pub.startFlow({ address: '10.70.0.10', transport: 'tcp', port: 80 }, { intervalMs: 5 }),
        await internet.startFlow({ address: '203.0.113.10', transport: 'tcp', port: 443 }, { intervalMs: 5 }),
      ];
      forbidden.push(
        await internet.startFlow({ address: '203.0.113.10', transport: 'udp', port: 53 }, { intervalMs: 10, burst: 5 }),
        await internet.startFlow({ address: '10.70.0.10', transport: 'udp', port: 53 }, { intervalMs: 10, burst: 5 }),
        await pub.startFlow({ address: '10.80.0.10', transport: 'udp', port: 53 }, { intervalMs: 10, burst: 5 }),
      );
      for (const flow of flows) {
        await waitFor(
          () => flow.statistics(),
          ({ received }) => received > 20,
          { what: 'the flow is established' },
        );
      }

      for (const daemon of ['felix-agent', 'bgp-speaker'] as const) {
        for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
          await Promise.all(
            hosts.map(async (host) => {
              const node = fabric.lab.node(host);
              await node.kill(daemon, signal);
              await node.startProcess(daemon);
            }),
          );
          if (daemon === 'bgp-speaker') await fabric.awaitAdvertised(hosts);
          else
            await Promise.all(
              Object.entries(placement).map(([name, on]) => fabric.awaitEndpoint(on, `default/${name}`)),
            );
        }
      }

      for (const host of hosts) {
        const status = await waitFor(
          () => fabric.agentStatus(host),
          ({ datastore }) => datastore.inSync,
          { what: `${host} is in sync` },
        );
        expect(status.nft, `restarted agent of ${host} found everything in place`).toMatchObject({ transactions: 0 });
        expect(status.routes).toEqual({ added: 0, removed: 0 });
      }
      for (const flow of flows) {
        const { sent, received, error } = await flow.stop();
        expect({ lost: sent - received, error }).toEqual({ lost: 0, error: undefined });
      }
      await expectNothingOpened();
      expect(faults(await run().check())).toEqual([]);
    });

    for (const number of ['5a', '5b', '6', '7']) test(`screen ${number}`, () => show(number));

    test('nothing forbidden got through meanwhile', async () => {
      for (const flow of forbidden) expect((await flow.stop()).sent).toBeGreaterThan(500);
      await expectNothingOpened();
    });
  });
}

function screenOf(run: ScreenRun, number: string): Screen {
  const screen = run.screens.find((candidate) => candidate.number === number);
  if (screen === undefined) throw new Error(`there is no screen ${number}`);
  return screen;
}

function proberOf(run: ScreenRun, node: string): NonNullable<ReturnType<ScreenRun['probers']['get']>> {
  const prober = run.probers.get(node);
  if (prober === undefined) throw new Error(`node ${node} has no prober`);
  return prober;
}

function faults(outcomes: readonly FlowOutcome[]): readonly string[] {
  return outcomes.filter(({ asExpected }) => !asExpected).map(describeFault);
}
