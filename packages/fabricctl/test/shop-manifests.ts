/** A shop of two load balancers, two web servers, a database, and somebody else's unfiltered machine. */

const GROUPS = `apiVersion: slash32.dev/v1
kind: FabricConfiguration
metadata: { name: default }
spec: { siteCidrs: [10.0.0.0/8] }
---
apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: 192.0.2.11 }
---
apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h2 }
spec: { address: 192.0.2.12 }
---
apiVersion: slash32.dev/v1
kind: Network
metadata: { name: net }
spec:
  pools: [{ cidr: 10.1.0.0/16, gateway: 10.1.0.1 }, { cidr: "2001:db8:1::/64" }]
  egressNat: { ipv4: masquerade }
---
apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: lb, namespace: shop }
spec:
  rules:
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 443 }
    - { direction: ingress, ethertype: IPv6, protocol: tcp, ports: 443 }
    - { direction: egress, ethertype: IPv4, protocol: tcp, ports: 8080, remote: { group: web } }
---
apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: web, namespace: shop }
spec:
  rules:
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 8080, remote: { group: lb } }
    - { direction: egress, ethertype: IPv4, protocol: tcp, ports: 5432, remote: { group: db } }
    - { direction: egress, ethertype: IPv4, protocol: tcp, ports: 443, remote: { cidr: 198.51.100.0/24 } }
---
apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: db, namespace: shop }
spec:
  rules:
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 5432, remote: { group: web } }
`;

interface Machine {
  readonly name: string;
  readonly namespace?: string;
  readonly host?: string;
  readonly last: number;
  readonly groups: string;
  readonly more?: string;
}

function machine({ name, namespace = 'shop', host = 'h1', last, groups, more = '' }: Machine): string {
  return `---
apiVersion: slash32.dev/v1
kind: Instance
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  host: ${host}
  interface: tap${last}
  mac: 52:54:00:00:00:${last}
  network: net
  addresses: [10.1.0.${last}, "2001:db8:1::${last}"]
  securityGroups: [${groups}]
${more}`;
}

export const SHOP = {
  'groups.yaml': GROUPS,
  'machines.yaml': [
    machine({ name: 'lb-1', last: 11, groups: 'lb' }),
    machine({ name: 'lb-2', last: 12, groups: 'lb' }),
    machine({ name: 'web-1', last: 21, groups: 'web' }),
    machine({ name: 'web-2', last: 22, groups: 'web' }),
    machine({ name: 'db-1', host: 'h2', last: 31, groups: 'db' }),
  ].join(''),
} as const;

/** Somebody else's machine without port security, and one that is closed. */
export const OTHERS = {
  'others.yaml': [
    machine({ name: 'raw', namespace: 'lab', last: 41, groups: '', more: '  portSecurity: false\n' }),
    machine({ name: 'broken', namespace: 'lab', last: 42, groups: 'missing' }),
  ].join(''),
} as const;

/** The database's group, open to the world. */
export const OPEN_DB = `apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: db, namespace: shop }
spec:
  rules:
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 5432 }
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 5432, remote: { group: web } }
`;

/** The web servers' group in other words. */
export const SAME_WEB = `apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: web, namespace: shop }
spec:
  rules:
    - { direction: egress, ethertype: IPv4, protocol: tcp, ports: 443, remote: { cidr: 198.51.100.128/25 } }
    - { direction: egress, ethertype: IPv4, protocol: tcp, ports: 443, remote: { cidr: 198.51.100.0/25 } }
    - { direction: egress, ethertype: IPv4, protocol: tcp, ports: 5432, remote: { group: shop/db } }
    - { direction: ingress, ethertype: IPv4, protocol: 6, ports: 8080, remote: { group: lb } }
`;
