/** A small fabric: two hosts, three networks, two tenants. */
export const SAMPLE = {
  'fabric.yaml': `apiVersion: slash32.dev/v1
kind: FabricConfiguration
metadata: { name: default }
spec:
  asNumber: 64512
  siteCidrs: [10.0.0.0/8, 203.0.113.0/24, "2001:db8::/32"]
---
apiVersion: slash32.dev/v1
kind: Host
metadata: { name: compute-a1, labels: { rack: a } }
spec: { address: 192.0.2.11, asNumber: 64601 }
---
apiVersion: slash32.dev/v1
kind: Host
metadata: { name: compute-b1, labels: { rack: b } }
spec: { address: 192.0.2.12 }
---
apiVersion: slash32.dev/v1
kind: Network
metadata: { name: public }
spec:
  pools:
    - { cidr: 203.0.113.0/24, gateway: 203.0.113.1 }
    - { cidr: "2001:db8:1::/64" }
---
apiVersion: slash32.dev/v1
kind: Network
metadata: { name: nat }
spec:
  pools: [{ cidr: 10.70.0.0/16, gateway: 10.70.0.1 }]
  egressNat: { ipv4: masquerade }
`,
  'tenant-a/groups.yaml': `apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: web, namespace: tenant-a }
spec:
  rules:
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 443, remote: { cidr: 0.0.0.0/0 }, description: https }
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: "8000-8080", remote: { group: web } }
    - { direction: egress, ethertype: IPv4 }
---
apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: db, namespace: tenant-a }
spec:
  rules:
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 5432, remote: { group: web } }
    - { direction: egress, ethertype: IPv4, protocol: tcp, ports: 443 }
`,
  'tenant-a/instances.yaml': `apiVersion: slash32.dev/v1
kind: Instance
metadata: { name: web-1, namespace: tenant-a, labels: { role: web } }
spec:
  host: compute-a1
  interface: tapweb1
  mac: 52:54:00:00:00:01
  network: public
  addresses: [203.0.113.10, "2001:db8:1::10"]
  securityGroups: [web]
---
apiVersion: slash32.dev/v1
kind: Instance
metadata: { name: db-1, namespace: tenant-a, labels: { role: db } }
spec:
  host: compute-b1
  interface: tapdb1
  mac: 52:54:00:00:00:02
  network: nat
  addresses: [10.70.0.5]
  securityGroups: [db]
`,
  'peers.yaml': `apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor-a }
spec: { hosts: rack == "a", address: 192.0.2.1, asNumber: 64901 }
`,
} as const;
