/**
 * Kernel settings under /proc/sys. Keys use slashes, so that interface names with dots are unambiguous:
 * `net/ipv4/conf/tap0.1/proxy_arp`.
 *
 * Errors (`FabricError`): `sysctl.absent` (no such key: the interface has gone, or the kernel lacks the feature),
 * `sysctl.refused` (read-only, or the value is not allowed).
 */
export interface Sysctls {
  read(key: string): Promise<string>;
  /** Writes only if the present value differs; returns whether it wrote. */
  write(key: string, value: string): Promise<boolean>;
}
