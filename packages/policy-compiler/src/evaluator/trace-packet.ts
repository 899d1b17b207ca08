import type { FabricModel } from '../model/fabric-model.ts';
import type { TraceRequest, TraceResult } from './trace-types.ts';

export * from './trace-types.ts';

/**
 * What becomes of the first packet of a flow, judged from the resources alone (not from the compiled program).
 *
 * Throws `FabricError`: `trace.unknown-instance`, `trace.no-common-family` (the ends have no address of one family),
 * `trace.invalid` (an address, port or ICMP type that cannot be).
 */
export declare function tracePacket(model: FabricModel, request: TraceRequest): TraceResult;
