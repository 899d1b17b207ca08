/** A port that has no business with the whole internet. */
export interface ManagementPort {
  readonly protocol: 6 | 17;
  readonly port: number;
  readonly service: string;
  /** Why it should not be open to everybody. */
  readonly reason: string;
}

const LOGIN = 'log-ins are tried around the clock';
const DATA = 'data is one guessed password, or none, away';
const CONTROL = 'who reaches it controls the machine or the cluster';
const CLEAR = 'passwords cross the internet in the clear';
const AMPLIFIER = 'it amplifies floods against others';

/** By protocol and port. The port numbers are IANA's, or the product's default where IANA has none. */
export const MANAGEMENT_PORTS: readonly ManagementPort[] = [
  { protocol: 6, port: 22, service: 'SSH', reason: LOGIN },
  { protocol: 6, port: 23, service: 'Telnet', reason: CLEAR },
  { protocol: 6, port: 111, service: 'rpcbind', reason: AMPLIFIER },
  { protocol: 6, port: 135, service: 'Windows RPC', reason: CONTROL },
  { protocol: 6, port: 139, service: 'NetBIOS', reason: DATA },
  { protocol: 6, port: 445, service: 'SMB', reason: DATA },
  { protocol: 6, port: 873, service: 'rsync', reason: DATA },
  { protocol: 6, port: 1433, service: 'SQL Server', reason: DATA },
  { protocol: 6, port: 1521, service: 'Oracle', reason: DATA },
  { protocol: 6, port: 2049, service: 'NFS', reason: DATA },
  { protocol: 6, port: 2375, service: 'Docker without TLS', reason: CONTROL },
  { protocol: 6, port: 2376, service: 'Docker', reason: CONTROL },
  { protocol: 6, port: 2379, service: 'etcd', reason: CONTROL },
  { protocol: 6, port: 2380, service: 'etcd peers', reason: CONTROL },
  { protocol: 6, port: 3306, service: 'MySQL', reason: DATA },
  { protocol: 6, port: 3389, service: 'RDP', reason: LOGIN },
  { protocol: 6, port: 5432, service: 'PostgreSQL', reason: DATA },
  { protocol: 6, port: 5672, service: 'AMQP', reason: DATA },
  { protocol: 6, port: 5900, service: 'VNC', reason: LOGIN },
  { protocol: 6, port: 5985, service: 'WinRM', reason: LOGIN },
  { protocol: 6, port: 5986, service: 'WinRM over TLS', reason: LOGIN },
  { protocol: 6, port: 6379, service: 'Redis', reason: DATA },
  { protocol: 6, port: 6443, service: 'Kubernetes API', reason: CONTROL },
  { protocol: 6, port: 8500, service: 'Consul', reason: CONTROL },
  { protocol: 6, port: 9042, service: 'Cassandra', reason: DATA },
  { protocol: 6, port: 9200, service: 'Elasticsearch', reason: DATA },
  { protocol: 6, port: 10_250, service: 'kubelet', reason: CONTROL },
  { protocol: 6, port: 11_211, service: 'memcached', reason: DATA },
  { protocol: 6, port: 27_017, service: 'MongoDB', reason: DATA },
  { protocol: 17, port: 111, service: 'rpcbind', reason: AMPLIFIER },
  { protocol: 17, port: 161, service: 'SNMP', reason: AMPLIFIER },
  { protocol: 17, port: 389, service: 'CLDAP', reason: AMPLIFIER },
  { protocol: 17, port: 623, service: 'IPMI', reason: CONTROL },
  { protocol: 17, port: 3389, service: 'RDP', reason: LOGIN },
  { protocol: 17, port: 11_211, service: 'memcached', reason: AMPLIFIER },
];
