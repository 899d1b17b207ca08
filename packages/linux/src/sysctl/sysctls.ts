/**
 * Kernel settings under /proc/sys. Keys use slashes, so that interface names with dots are unambiguous:
 * `net/ipv4/conf/tap0.1/proxy_arp`.
 *
 * Errors (`FabricError`): `sysctl.absent` (no such key: the interface has gone, or the kernel lacks the feature),
 * `sysctl.refused` (read-only, or the value is not allowed).
 */
export interface SettingListener {
  /** The setting has been written, by whomever, or its interface is new. */
  onChange(key: string, value: string): void;
  /** Changes may have been missed. */
  onOverrun(): void;
}

export interface Sysctls {
  read(key: string): Promise<string>;
  /** Writes only if the present value differs; returns whether it wrote. */
  write(key: string, value: string): Promise<boolean>;
  /**
   * Tells of changes of those settings that Linux tells of, and of no others: per interface IPv4 `forwarding`,
   * `rp_filter` and `proxy_arp`, IPv6 `forwarding` and `proxy_ndp`; of the host `net/ipv4/ip_forward` and
   * `net/ipv6/conf/all/forwarding`. Resolves when no later change will be missed. Ends when `signal` aborts.
   */
  watch(listener: SettingListener, signal: AbortSignal): Promise<void>;
}
