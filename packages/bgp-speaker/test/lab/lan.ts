import { Namespace } from './namespace.ts';

/** One network that several namespaces are on, 192.0.2.0/24 and 2001:db8:a::/64: a bridge in a namespace of its own. */
export class Lan implements AsyncDisposable {
  readonly #bridge: Namespace;
  readonly #stack = new AsyncDisposableStack();
  readonly #name: string;
  #ports = 0;

  private constructor(name: string, bridge: Namespace) {
    this.#name = name;
    this.#bridge = this.#stack.use(bridge);
  }

  static async create(name: string): Promise<Lan> {
    const bridge = await Namespace.create(`${name}-lan`);
    await bridge.ip('link add br0 type bridge');
    await bridge.ip('link set br0 up');
    return new Lan(name, bridge);
  }

  /** A namespace whose eth0 has the host part `number` in both subnets; it ends with the LAN. */
  async host(name: string, number: number): Promise<Namespace> {
    const namespace = this.#stack.use(await Namespace.create(`${this.#name}-${name}`));
    const port = `port${this.#ports}`;
    this.#ports += 1;
    await Namespace.link(
      namespace,
      'eth0',
      [lanAddress(number, 4, 24), lanAddress(number, 6, 64)],
      this.#bridge,
      port,
      [],
    );
    await this.#bridge.ip(`link set ${port} master br0`);
    return namespace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function lanAddress(number: number, family: 4 | 6, length: number): string {
  return `${family === 4 ? `192.0.2.${number}` : `2001:db8:a::${number.toString(16)}`}/${length}`;
}
