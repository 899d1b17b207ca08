import { Namespace } from './namespace.ts';

/** Gives the host tap0, with nothing behind it, and routes of instances there. */
export async function addTap(host: Namespace, prefixes: readonly string[] = []): Promise<void> {
  await host.ip('link add tap0 type veth peer name inst0');
  await host.ip('link set tap0 up');
  await host.ip('link set inst0 up');
  await addInstanceRoutes(host, prefixes);
}

/** Gives the host tap0, with `instance` behind it at an IPv4 address, whose packets the host forwards. */
export async function attachInstance(host: Namespace, instance: Namespace, address: string): Promise<void> {
  await Namespace.link(host, 'tap0', ['169.254.1.1/32'], instance, 'eth0', [`${address}/32`]);
  await instance.ip('route add 169.254.1.1 dev eth0');
  await instance.ip('route add default via 169.254.1.1 dev eth0');
  await host.exec('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  await addInstanceRoutes(host, [`${address}/32`]);
}

/** As the agent makes them, through tap0. */
export async function addInstanceRoutes(host: Namespace, prefixes: readonly string[]): Promise<void> {
  for (const prefix of prefixes) await host.ip(`route add ${prefix} dev tap0 proto 133`);
}
