import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FabricModel, tracePacket } from '../src/index.ts';
import { apply, changeArbitrary, foundation, HOSTS, type Probe, packetArbitrary, probe } from './random-fabric.ts';
import { type SimulatedFlow, SimulatedSite } from './simulated-site.ts';

/** Remote groups with lookups of their own, or folded. */
const mostSingleArbitrary = fc.constantFrom(0, 16);

function newSite(mostSingleRemotes: number): { model: FabricModel; site: SimulatedSite } {
  const model = new FabricModel();
  for (const resource of foundation()) model.put(resource);
  return { model, site: new SimulatedSite(model, HOSTS, { mostSingleRemotes }) };
}

function flowOf({ request, from }: Probe, source: string, destination: string): SimulatedFlow {
  const { family, protocol, port, icmp, sourceMac } = request;
  return {
    family,
    source,
    destination,
    protocol,
    ...(port === undefined ? {} : { port }),
    ...(icmp === undefined ? {} : { icmp }),
    ...(from === undefined ? {} : { from }),
    ...(sourceMac === undefined ? {} : { etherSource: sourceMac }),
  };
}

describe('the compiled program agrees with the evaluator', () => {
  test('on the first packet of a flow, after any changes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(changeArbitrary, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 }),
        fc.array(packetArbitrary, { minLength: 10, maxLength: 40 }),
        mostSingleArbitrary,
        (batches, seeds, mostSingleRemotes) => {
          const { model, site } = newSite(mostSingleRemotes);
          for (const batch of batches) {
            for (const change of batch) apply(model, change);
            site.flush();
            for (const seed of seeds) {
              const some = probe(model, seed);
              if (some === undefined) continue;
              const trace = tracePacket(model, some.request);
              const delivery = site.send(flowOf(some, trace.sourceAddress, trace.destinationAddress));
              expect({
                request: some.request,
                verdict: trace.verdict,
                seen: trace.seenSourceAddress,
                why: delivery.droppedBy,
              }).toEqual({
                request: some.request,
                verdict: delivery.verdict,
                seen: delivery.seenSource,
                why: delivery.droppedBy,
              });
            }
          }
        },
      ),
      { numRuns: 250 },
    );
  });

  test('on every later packet of a flow, both ways, while the policy changes', () => {
    fc.assert(
      fc.property(
        fc.array(changeArbitrary, { minLength: 8, maxLength: 30 }),
        fc.array(changeArbitrary, { minLength: 1, maxLength: 12 }),
        fc.array(packetArbitrary, { minLength: 10, maxLength: 30 }),
        mostSingleArbitrary,
        (before, after, seeds, mostSingleRemotes) => {
          const { model, site } = newSite(mostSingleRemotes);
          for (const change of before) apply(model, change);
          site.flush();
          const flows = seeds.flatMap((seed) => {
            const some = probe(model, { ...seed, spoof: 'no' });
            if (some === undefined) return [];
            const trace = tracePacket(model, some.request);
            const flow = flowOf(some, trace.sourceAddress, trace.destinationAddress);
            const delivery = site.send(flow, true);
            return delivery.verdict === 'pass' && delivery.local === undefined
              ? [{ some, flow: { ...flow, owner: model.instanceByAddress(flow.destination)?.host } }]
              : [];
          });
          for (const change of after) {
            apply(model, change);
            site.flush();
            for (const { some, flow: begun } of flows) {
              const flow = present(model, begun);
              if (flow === undefined || !isJudgedByFlow(model, flow)) continue;
              const { sourceMac: _, ...request } = some.request;
              const { verdict } = tracePacket(model, request);
              expect({ verdict: site.reply(flow).verdict, way: 'reply', change, flow }).toEqual({
                verdict,
                way: 'reply',
                change,
                flow,
              });
              expect({ verdict: site.send(flow, true).verdict, way: 'on', change, flow }).toEqual({
                verdict,
                way: 'on',
                change,
                flow,
              });
            }
          }
        },
      ),
      { numRuns: 250 },
    );
  });
});

/** The flow with its source as it is now; `undefined` if an end is closed or on another host: then it is another flow. */
function present(
  model: FabricModel,
  begun: SimulatedFlow & { readonly owner: string | undefined },
): SimulatedFlow | undefined {
  const owner = model.instanceByAddress(begun.destination);
  const now = begun.from === undefined ? undefined : model.instance(begun.from.name);
  if (owner?.host !== begun.owner || now?.state === 'closed' || now?.host !== begun.from?.host) return undefined;
  if (now !== undefined && !now.addresses.includes(begun.source)) return undefined;
  return now === undefined ? begun : { ...begun, from: now, etherSource: now.mac };
}

/** Replies of other ends are judged on their own, and the evaluator knows first packets only. */
function isJudgedByFlow(model: FabricModel, flow: SimulatedFlow): boolean {
  const owner = model.instanceByAddress(flow.destination);
  return [flow.from, owner].every((some) => some === undefined || (some.stateful && some.portSecurity));
}
