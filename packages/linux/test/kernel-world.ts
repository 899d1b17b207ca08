import { FakeKernel, type Kernel } from '../src/index.ts';
import { openSandboxKernel, sh } from './kernel-sandbox.ts';

/** A kernel and what others do to it: the same world for the fake and for Linux. Names: `tap…`. */
export interface KernelWorld extends AsyncDisposable {
  readonly kernel: Kernel;
  /** Makes an interface that is up and has carrier. */
  addInterface(name: string): void;
  removeInterface(name: string): void;
  setDown(name: string): void;
  /** The interface must be down. */
  rename(from: string, to: string): void;
  /** A UDP flow from one address to the other, in the connection table. */
  addConnection(source: string, destination: string): void;
  /** Another program adds an element to a set. */
  foreignElement(table: string, set: string, element: string): void;
  foreignFlush(): void;
  /** Another program writes a setting. */
  foreignSetting(key: string, value: string): void;
}

export async function fakeWorld(): Promise<KernelWorld> {
  const kernel = new FakeKernel();
  return {
    kernel,
    addInterface: (name) => void kernel.network.putInterface(name),
    removeInterface: (name) => kernel.network.removeInterface(name),
    setDown: (name) => void kernel.network.putInterface(name, { up: false, carrier: false }),
    rename: (from, to) => kernel.network.renameInterface(from, to),
    addConnection(source, destination) {
      kernel.conntrack.connections = [...kernel.conntrack.connections, [source, destination, destination, source]];
    },
    foreignElement(table, set, element) {
      const id = table === 'arp slash32' ? table : 'inet slash32';
      kernel.nft.applyForeign([{ op: 'add-elements', table: id, set, elements: new Map([[element, '']]) }]);
    },
    foreignFlush: () => kernel.nft.flushForeign(),
    foreignSetting: (key, value) => kernel.sysctls.writeForeign(key, value),
    [Symbol.asyncDispose]: () => kernel[Symbol.asyncDispose](),
  };
}

export async function linuxWorld(): Promise<KernelWorld> {
  const kernel = await openSandboxKernel();
  const made = new Set<string>();
  return {
    kernel,
    addInterface(name) {
      sh(`ip link add ${name} type veth peer name p${name}; ip link set p${name} up; ip link set ${name} up`);
      made.add(name);
    },
    removeInterface(name) {
      sh(`ip link del ${name}`);
      made.delete(name);
    },
    setDown: (name) => void sh(`ip link set ${name} down`),
    rename(from, to) {
      sh(`ip link set ${from} name ${to}`);
      made.delete(from);
      made.add(to);
    },
    addConnection(source, destination) {
      sh(`conntrack -I -p udp -s ${source} -d ${destination} --sport 1000 --dport 2000 --timeout 100 2>&1`);
    },
    foreignElement: (table, set, element) => void sh(`nft 'add element ${table} ${set} { ${element} }'`),
    foreignFlush: () => void sh('nft flush ruleset'),
    foreignSetting: (key, value) => void sh(`echo ${value} > /proc/sys/${key}`),
    async [Symbol.asyncDispose]() {
      await kernel[Symbol.asyncDispose]();
      sh('nft flush ruleset; ip route flush table main proto 133; ip -6 route flush table main proto 133');
      for (const name of made) sh(`ip link del ${name}`);
    },
  };
}
