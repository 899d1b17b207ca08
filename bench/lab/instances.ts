/** What the benchmarks' instances look like: number → names, addresses, manifest. 0 ≤ number < 1,000,000. */
export interface BenchInstance {
  readonly name: string;
  readonly interface: string;
  readonly mac: string;
  readonly address: string;
}

export function benchInstance(number: number): BenchInstance {
  const hex = number.toString(16).padStart(6, '0');
  const offset = number + 256; // 10.64.1.0 onwards, clear of the gateway
  return {
    name: `i${number}`,
    interface: `tap${number}`,
    mac: `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`,
    address: `10.${64 + (offset >> 16)}.${(offset >> 8) & 255}.${offset & 255}`,
  };
}

/** Its manifest, in namespace `bench`, on the lab's one host. */
export function instanceManifest(instance: BenchInstance, securityGroups: readonly string[]): string {
  return `apiVersion: slash32.dev/v1
kind: Instance
metadata: { name: ${instance.name}, namespace: bench }
spec:
  host: compute-1
  interface: ${instance.interface}
  mac: "${instance.mac}"
  network: net
  addresses: [${instance.address}]
  securityGroups: [${securityGroups.join(', ')}]
`;
}

/** A group as users have them: SSH from anywhere, HTTPS from one network, everything among its members, all egress. */
export function groupManifest(name: string): string {
  return `apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: ${name}, namespace: bench }
spec:
  rules:
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 22 }
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 443, remote: { cidr: 10.0.0.0/8 } }
    - { direction: ingress, ethertype: IPv4, remote: { group: ${name} } }
    - { direction: egress, ethertype: IPv4 }
`;
}
