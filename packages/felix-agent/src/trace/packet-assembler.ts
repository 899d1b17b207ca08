import type { NftTracedHeaders, NftTraceLine } from '@slash32/linux';
import {
  type Clock,
  NFT_TABLE_NAME,
  NFT_TRACE_TABLE_NAME,
  type Timer,
  type TracedPacket,
  type TracedRule,
} from '@slash32/shared';

const OUR_TABLE = `inet ${NFT_TABLE_NAME}`;
const TRACE_TABLE = `inet ${NFT_TRACE_TABLE_NAME}`;
/** Base chains of ours behind which nothing of ours comes. */
const LAST_CHAINS: ReadonlySet<string> = new Set(['forward', 'input', 'output']);
/** A packet that passed ours may yet meet somebody else's chain that drops it. */
const PASSED_MS = 100;
/** A packet that has not come to a last chain within this will not. */
const LOST_MS = 1_000;
/** Further packets are not followed. */
const MAX_UNDER_WAY = 2_000;

interface PacketUnderWay {
  readonly at: number;
  headers: NftTracedHeaders;
  /** The base chain that it is in. */
  base: { readonly table: string; readonly chain: string };
  readonly policy: TracedRule[];
  passedBy: TracedRule | undefined;
  timer: Timer;
}

/**
 * Makes packets of the lines that the kernel tells about them. A packet begins in our trace table; those that somebody
 * else traces are left out. Its end is a drop, wherever, or that it passed the last of our chains and is not heard of
 * again; a packet that reaches neither is lost.
 */
export class PacketAssembler {
  readonly #clock: Clock;
  readonly #onPacket: (packet: TracedPacket) => void;
  readonly #underWay = new Map<string, PacketUnderWay>();

  constructor(clock: Clock, onPacket: (packet: TracedPacket) => void) {
    this.#clock = clock;
    this.#onPacket = onPacket;
  }

  add(lines: readonly NftTraceLine[]): void {
    for (const line of lines) this.#addLine(line);
  }

  /** Forgets the packets that are under way. */
  clear(): void {
    for (const { timer } of this.#underWay.values()) timer.cancel();
    this.#underWay.clear();
  }

  #addLine(line: NftTraceLine): void {
    if (line.type === 'packet' && line.table === TRACE_TABLE) {
      this.#begin(line.id, line);
      return;
    }
    const packet = this.#underWay.get(line.id);
    if (packet === undefined || line.table === TRACE_TABLE) return;
    if (line.type === 'packet') {
      packet.base = line;
      // Addresses stay those of the first line, from before any translation; where it goes is known only later.
      packet.headers = { ...line.packet, ...packet.headers };
      return;
    }
    const rule = ruleOf(line);
    if (line.type === 'rule' && isOfGroup(line)) packet.policy.push(rule);
    if (line.verdict === 'drop') this.#finish(line.id, 'drop', rule);
    else if (line.verdict === 'accept' && packet.base.table === OUR_TABLE && LAST_CHAINS.has(packet.base.chain)) {
      packet.passedBy = rule;
      packet.timer.cancel();
      packet.timer = this.#clock.schedule(PASSED_MS, () => this.#finish(line.id, 'pass', rule));
    }
  }

  /** The kernel uses ids again, perhaps before the wait for the end of the packet before is over. */
  #begin(id: string, line: NftTraceLine & { readonly type: 'packet' }): void {
    const before = this.#underWay.get(id);
    if (before !== undefined) this.#finish(id, before.passedBy === undefined ? 'lost' : 'pass', before.passedBy);
    if (this.#underWay.size >= MAX_UNDER_WAY) return;
    this.#underWay.set(id, {
      at: this.#clock.wallMs(),
      headers: line.packet,
      base: line,
      policy: [],
      passedBy: undefined,
      timer: this.#clock.schedule(LOST_MS, () => this.#finish(id, 'lost', undefined)),
    });
  }

  #finish(id: string, verdict: TracedPacket['verdict'], decided: TracedRule | undefined): void {
    const packet = this.#underWay.get(id);
    if (packet === undefined) return;
    this.#underWay.delete(id);
    packet.timer.cancel();
    const { source, destination, protocol, ...headers } = packet.headers;
    if (source === undefined || destination === undefined || protocol === undefined) return;
    this.#onPacket({
      type: 'packet',
      at: packet.at,
      ...headers,
      source,
      destination,
      protocol,
      verdict,
      ...(decided === undefined ? {} : { decided }),
      policy: packet.policy,
    });
  }
}

/** Chains of lists are the only ones of ours with a slash in their names, and their rules are those of groups. */
function isOfGroup({ table, chain }: NftTraceLine): boolean {
  return table === OUR_TABLE && chain.includes('/');
}

/** Our comments end in a digest that says nothing to people. */
function ruleOf(line: Exclude<NftTraceLine, { readonly type: 'packet' }>): TracedRule {
  const { table, chain } = line;
  if (line.type === 'policy') return { table, chain };
  return { table, chain, rule: line.comment?.replace(/ #\S+$/, '') ?? line.text };
}
