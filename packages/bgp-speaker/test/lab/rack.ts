import { Namespace } from './namespace.ts';

/**
 * A router at the other end of a link of the host, as the settings of its daemon have it: AS 65000 at `NET.254`, whose
 * peer is the host, AS 64601 at `NET.1`.
 */
export function torOf(net: string) {
  const address = `${net}.254`;
  return {
    routerId: address,
    localAddress: address,
    asNumber: 65_000,
    peerAddress: `${net}.1`,
    peerAsNumber: 64_601,
  } as const;
}

/** The router of a {@link Rack}. */
export const TOR = torOf('192.0.2');

/**
 * A host and the router above it, a namespace each, with one link between them: eth0 of the host has 192.0.2.1/24,
 * down0 of the router 192.0.2.254/24; with `ipv6` also 2001:db8:a::1/64 and 2001:db8:a::fe/64.
 */
export class Rack implements AsyncDisposable {
  static #made = 0;
  readonly host: Namespace;
  readonly tor: Namespace;
  readonly #namespaces: AsyncDisposableStack;

  private constructor(host: Namespace, tor: Namespace, namespaces: AsyncDisposableStack) {
    this.host = host;
    this.tor = tor;
    this.#namespaces = namespaces;
  }

  /** `name`: begins the names of the namespaces. */
  static async create(name: string, { ipv6 = false } = {}): Promise<Rack> {
    await using stack = new AsyncDisposableStack();
    Rack.#made += 1;
    const host = stack.use(await Namespace.create(`${name}-host-${Rack.#made}`));
    const tor = stack.use(await Namespace.create(`${name}-tor-${Rack.#made}`));
    const hostAddresses = ['192.0.2.1/24', ...(ipv6 ? ['2001:db8:a::1/64'] : [])];
    const torAddresses = ['192.0.2.254/24', ...(ipv6 ? ['2001:db8:a::fe/64'] : [])];
    await Namespace.link(host, 'eth0', hostAddresses, tor, 'down0', torAddresses);
    return new Rack(host, tor, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#namespaces.disposeAsync();
  }
}

/**
 * Resources of a rack: the host h1 and its peer tor, AS 65000. `spec`: further fields of the peer, each behind a comma;
 * `address`: of the router.
 */
export function rackManifests(spec = '', { address = '192.0.2.254', hostAsNumber = 64_601 } = {}): string {
  return `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 192.0.2.1, asNumber: ${hostAsNumber} }
---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor }
spec: { hosts: all(), address: "${address}", asNumber: 65000${spec} }
`;
}
