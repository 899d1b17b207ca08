import type { InterfaceEvent, KernelNextHop, NetworkInterface } from '@slash32/linux';
import { parseIpAddress, parseIpPrefix, prefixContains } from '@slash32/shared';
import type { Path } from '../rib/path.ts';
import { kernelNextHop, nextHopText, type PeerLink } from './learned-route.ts';

/**
 * Which next hops can be sent to (RFC 4271 9.1.2.1). A next hop on the link of its peer's session needs that interface up
 * and with carrier; so it stays while the session is gone and its routes are kept. Any next hop needs a kernel that does
 * not refuse it. All others are taken for usable.
 *
 * State only: whoever feeds it hears by `onChanged` which paths have another answer now.
 */
export class NextHopTracker {
  readonly #onChanged: (affects: (path: Path) => boolean) => void;
  readonly #interfaces = new Map<string, NetworkInterface>();
  readonly #links = new Map<string, PeerLink>();
  /** Peer → what is wrong with its link. */
  readonly #faults = new Map<string, string>();
  /** By {@link nextHopText}, with the kernel's words. */
  readonly #refused = new Map<string, string>();
  #overLink = new WeakMap<Path, boolean>();

  constructor(onChanged: (affects: (path: Path) => boolean) => void) {
    this.#onChanged = onChanged;
  }

  /** Number of next hops that the kernel refused. */
  get refused(): number {
    return this.#refused.size;
  }

  linkOf(peer: string): PeerLink | undefined {
    return this.#links.get(peer);
  }

  /** True if a session runs over the interface, or did last. */
  isUsed(device: string): boolean {
    return this.#links.values().some((link) => link.device === device);
  }

  /** `ObstacleOf` of the decision process. */
  obstacleTo(path: Path): string | undefined {
    if (this.#faults.size === 0 && this.#refused.size === 0) return undefined;
    // What is dropped goes nowhere.
    if (path.source.type === 'local' || path.blackhole) return undefined;
    const cause = this.#faultOf(path) ?? this.#refusalOf(path);
    if (cause === undefined) return undefined;
    const { address, linkLocal } = path.nextHop;
    return `next hop ${address === '::' ? (linkLocal ?? address) : address} is not reachable: ${cause}`;
  }

  seeInterfaces(events: readonly InterfaceEvent[]): void {
    for (const event of events) {
      if (event.type === 'gone') this.#interfaces.delete(event.name);
      else this.#interfaces.set(event.link.name, event.link);
    }
    const changed = new Set<string>();
    for (const peer of this.#links.keys()) if (this.#updateFault(peer)) changed.add(peer);
    if (changed.size > 0) this.#onChanged((path) => changed.has(path.source.name) && this.#isOverLink(path));
  }

  /** The peer's session runs over this link now. */
  setLink(peer: string, link: PeerLink): void {
    this.#links.set(peer, link);
    this.#overLink = new WeakMap();
    this.#updateFault(peer);
    this.#onChanged((path) => path.source.name === peer);
  }

  /** The peer is no more, and has no paths. */
  removePeer(peer: string): void {
    this.#links.delete(peer);
    this.#faults.delete(peer);
  }

  /** The kernel takes no route over it. */
  refuse(nextHop: KernelNextHop, reason: string): void {
    const text = nextHopText(nextHop);
    if (this.#refused.get(text) === reason) return;
    this.#refused.set(text, reason);
    this.#onChanged((path) => this.#kernelText(path) === text);
  }

  /** What the kernel refused may be tried again. */
  forgive(): void {
    if (this.#refused.size === 0) return;
    const forgiven = new Set(this.#refused.keys());
    this.#refused.clear();
    this.#onChanged((path) => forgiven.has(this.#kernelText(path) ?? ''));
  }

  #faultOf(path: Path): string | undefined {
    const fault = this.#faults.get(path.source.name);
    return fault !== undefined && this.#isOverLink(path) ? fault : undefined;
  }

  #refusalOf(path: Path): string | undefined {
    if (this.#refused.size === 0) return undefined;
    const reason = this.#refused.get(this.#kernelText(path) ?? '');
    return reason === undefined ? undefined : `the kernel refuses it (${reason})`;
  }

  #kernelText(path: Path): string | undefined {
    const nextHop = kernelNextHop(path, (peer) => this.#links.get(peer));
    return nextHop === undefined ? undefined : nextHopText(nextHop);
  }

  #isOverLink(path: Path): boolean {
    const known = this.#overLink.get(path);
    if (known !== undefined) return known;
    const { device, subnets = [] } = this.#links.get(path.source.name) ?? {};
    const isOverLink = device !== undefined && isOnLink(path, subnets);
    this.#overLink.set(path, isOverLink);
    return isOverLink;
  }

  /** True if it is another one now. */
  #updateFault(peer: string): boolean {
    const device = this.#links.get(peer)?.device;
    const fault = device === undefined ? undefined : faultText(device, this.#interfaces.get(device));
    if (this.#faults.get(peer) === fault) return false;
    if (fault === undefined) this.#faults.delete(peer);
    else this.#faults.set(peer, fault);
    return true;
  }
}

function isOnLink({ nextHop: { address, linkLocal } }: Path, subnets: readonly string[]): boolean {
  if (linkLocal !== undefined || address.startsWith('fe80:')) return true;
  const parsed = parseIpAddress(address);
  return subnets.some((subnet) => prefixContains(parseIpPrefix(subnet), parsed));
}

function faultText(device: string, link: NetworkInterface | undefined): string | undefined {
  if (link === undefined) return `${device} is gone`;
  if (!link.up) return `${device} is down`;
  return link.carrier ? undefined : `${device} has no carrier`;
}
