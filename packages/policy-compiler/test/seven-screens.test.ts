import { describe, expect, test } from 'vitest';
import { FabricModel, type OpenInstance, tracePacket } from '../src/index.ts';
import { ENDS, HOST_OF_DEF, PASSES, PORTS, STEP_NAMES, screenFabric, screenGroups } from './seven-screens.ts';
import { SimulatedSite } from './simulated-site.ts';

const TCP = 6;

const placements = {
  'on two hosts': { pub: 'compute-a1', def: 'compute-b1', prv: 'compute-a1' },
  'all on one host': { pub: 'compute-b1', def: 'compute-b1', prv: 'compute-b1' },
};

function openInstance(model: FabricModel, name: string): OpenInstance | undefined {
  const instance = model.instance(`lab/${name}`);
  return instance?.state === 'open' ? instance : undefined;
}

for (const [placement, hosts] of Object.entries(placements)) {
  describe(`the seven screens, ${placement}`, () => {
    const model = new FabricModel();
    for (const resource of [...screenFabric(hosts), ...screenGroups(0)]) model.put(resource);
    const site = new SimulatedSite(model, ['compute-a1', 'compute-b1']);

    test.each(STEP_NAMES.map((name, step) => ({ name, step })))('screen $name', ({ step }) => {
      for (const group of screenGroups(step)) model.put(group);
      site.flush();
      expect(model.findings()).toEqual([]);
      for (const from of ENDS) {
        for (const to of ENDS) {
          if (from === to || !(isInstance(from) || isInstance(to))) continue;
          for (const port of PORTS) {
            const expected = PASSES.find(
              (some) => some.from === from && some.to === to && some.port === port && some.since <= step,
            );
            const where = `${from} > ${to}:${port}`;
            const trace = tracePacket(model, {
              source: end(from),
              destination: end(to),
              protocol: TCP,
              port,
              family: 4,
            });
            expect({ where, verdict: trace.verdict, seen: trace.seenSourceAddress }).toEqual({
              where,
              verdict: expected === undefined ? 'drop' : 'pass',
              seen: expected?.seen,
            });
            const sender = openInstance(model, from);
            const delivery = site.send({
              family: 4,
              source: trace.sourceAddress,
              destination: trace.destinationAddress,
              protocol: TCP,
              port,
              ...(sender === undefined ? {} : { from: sender }),
            });
            expect({ where, ...delivery }).toMatchObject({ where, verdict: trace.verdict });
            expect(delivery.seenSource).toBe(expected?.seen);
          }
        }
      }
    });
  });
}

test('the translated source is the host’s masqueradeAddress where it has one', () => {
  const model = new FabricModel();
  const resources = screenFabric(placements['on two hosts']);
  for (const resource of [...resources, ...screenGroups(7)]) model.put(resource);
  const onHost = resources.find((some) => some.kind === 'Host' && some.spec.address === HOST_OF_DEF);
  if (onHost?.kind !== 'Host') throw new TypeError('no host');
  model.put({ ...onHost, spec: { ...onHost.spec, masqueradeAddress: '192.0.2.99' } });
  const trace = tracePacket(model, {
    source: { instance: 'lab/def' },
    destination: { address: '1.1.1.1' },
    protocol: TCP,
    port: 443,
  });
  expect(trace.seenSourceAddress).toBe('192.0.2.99');
});

function isInstance(name: string): boolean {
  return ['pub', 'def', 'prv'].includes(name);
}

function end(name: string): { instance: string } | { address: string } {
  return isInstance(name) ? { instance: `lab/${name}` } : { address: name };
}
