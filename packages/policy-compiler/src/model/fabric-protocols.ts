/** Destination ports of what only hosts and routers speak to each other, by protocol. */
export const CONTROL_PORTS: ReadonlyMap<number, readonly number[]> = new Map([
  // BGP (RFC 4271).
  [6, [179]],
  // BFD: single hop, echo, multihop (RFC 5881, RFC 5883); VXLAN (RFC 7348, and Linux's own port), Geneve (RFC 8926).
  [17, [3784, 3785, 4784, 4789, 6081, 8472]],
]);

/** IPv4 and IPv6 in IP, GRE. */
export const TUNNEL_PROTOCOLS: readonly number[] = [4, 41, 47];

/** True for what no instance may send to a host. `port`: of the destination. */
export function isFabricProtocol(protocol: number, port: number | undefined): boolean {
  if (TUNNEL_PROTOCOLS.includes(protocol)) return true;
  return port !== undefined && CONTROL_PORTS.get(protocol)?.includes(port) === true;
}
