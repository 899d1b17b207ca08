import { Namespace } from './namespace.ts';

export interface DualRackSettings {
  /** First three octets of the networks of the two links. */
  readonly nets: readonly [string, string];
  /** The networks 2001:db8:a::/64 and 2001:db8:b::/64, too. */
  readonly ipv6?: boolean;
}

/**
 * A host and two routers above it, a namespace each: eth0 and eth1 of the host have `NET.1/24`, down0 of either router
 * `NET.254/24`; with `ipv6` also ::1 and ::fe.
 */
export class DualRack implements AsyncDisposable {
  static #made = 0;
  readonly host: Namespace;
  readonly tors: readonly [Namespace, Namespace];
  readonly #namespaces: AsyncDisposableStack;

  private constructor(host: Namespace, tors: readonly [Namespace, Namespace], namespaces: AsyncDisposableStack) {
    this.host = host;
    this.tors = tors;
    this.#namespaces = namespaces;
  }

  /** `name`: begins the names of the namespaces. */
  static async create(name: string, { nets, ipv6 = false }: DualRackSettings): Promise<DualRack> {
    await using stack = new AsyncDisposableStack();
    DualRack.#made += 1;
    const create = async (role: string) => stack.use(await Namespace.create(`${name}-${role}-${DualRack.#made}`));
    const host = await create('host');
    const tors = [await create('tor1'), await create('tor2')] as const;
    for (const [index, tor] of tors.entries()) {
      const net6 = `2001:db8:${index === 0 ? 'a' : 'b'}:`;
      const addresses = (low: string, low6: string) => [
        `${nets[index]}.${low}/24`,
        ...(ipv6 ? [`${net6}:${low6}/64`] : []),
      ];
      await Namespace.link(host, `eth${index}`, addresses('1', '1'), tor, 'down0', addresses('254', 'fe'));
    }
    return new DualRack(host, tors, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#namespaces.disposeAsync();
  }
}
