import { parseIpAddress } from '@slash32/shared';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FabricModel, tracePacket } from '../../src/index.ts';
import { isInBox } from '../../src/reachability/flow-box.ts';
import { type FlowEnd, OUTSIDE } from '../../src/reachability/flow-end.ts';
import { Reachability } from '../../src/reachability/reachability.ts';
import { serviceOf } from '../../src/reachability/services.ts';
import { apply, changeArbitrary, foundation, packetArbitrary, probe } from '../random-fabric.ts';

/** Reasons that have nothing to do with what groups allow between two ends. */
const NOT_BETWEEN_ENDS = ['host-input', 'spoofed-source', 'fabric-protocol'];

it('holds exactly the flows that the evaluator passes', () => {
  const seen = { pass: 0, drop: 0 };
  fc.assert(
    fc.property(
      fc.array(changeArbitrary, { minLength: 5, maxLength: 40 }),
      fc.array(packetArbitrary, { minLength: 20, maxLength: 40 }),
      (changes, seeds) => {
        const model = new FabricModel();
        for (const resource of foundation()) model.put(resource);
        for (const change of changes) apply(model, change);
        const reachability = new Reachability(model);
        for (const seed of seeds) {
          const packet = probe(model, seed);
          if (packet === undefined) continue;
          const { request, from } = packet;
          const result = tracePacket(model, request);
          if (NOT_BETWEEN_ENDS.includes(result.source.reason)) continue;
          const isSpoofed = from !== undefined && !from.portSecurity && !from.addresses.includes(result.sourceAddress);
          const source: FlowEnd = from?.name ?? OUTSIDE;
          const destination: FlowEnd = result.destination.instance ?? OUTSIDE;
          if (isSpoofed || source === destination || from?.addresses.includes(result.destinationAddress)) continue;
          const [near, far] = [result.sourceAddress, result.destinationAddress].map(
            (text) => parseIpAddress(text).value,
          );
          const boxes = reachability.flows(source, destination, request.family);
          const holding = boxes.filter((box) => isInBox(box, near ?? 0n, far ?? 0n, serviceOf(request)));
          expect({ holds: holding.length, request, result }).toEqual({
            holds: result.verdict === 'pass' ? 1 : 0,
            request,
            result,
          });
          seen[result.verdict] += 1;
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(Math.min(seen.pass, seen.drop)).toBeGreaterThan(200);
}, 60_000);

it('finds by its edges all pairs of ends that have a flow', () => {
  fc.assert(
    fc.property(fc.array(changeArbitrary, { minLength: 10, maxLength: 40 }), (changes) => {
      const model = new FabricModel();
      for (const resource of foundation()) model.put(resource);
      for (const change of changes) apply(model, change);
      const reachability = new Reachability(model);
      const ends: FlowEnd[] = [...reachability.instances, OUTSIDE];
      const expected = ends.flatMap((source) =>
        ends.flatMap((destination) =>
          ([4, 6] as const)
            .map((family) => ({ source, destination, family, boxes: reachability.flows(source, destination, family) }))
            .filter(({ boxes }) => boxes.length > 0),
        ),
      );
      expect([...reachability.edges()]).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});
