/** Administrative state of interfaces. Errors (`FabricError`): `link.absent`, `link.refused`, `netlink.failed`. */
export interface InterfaceControl {
  /** Brings an interface up (IFF_UP); one that is up stays as it is. */
  setUp(name: string): Promise<void>;
}
