/**
 * A line of `nft -nn monitor trace`. The kernel tells a packet's way as several of these, with one id:
 *
 *     trace id 1a2b inet slash32 forward packet: iif "tap2" oif "tap3" ip saddr 10.0.0.2 …   at the start of a base chain
 *     trace id 1a2b inet slash32 forward rule … comment "…" (verdict jump source-end)        per rule that matched
 *     trace id 1a2b inet slash32 source-end return                                            at a chain's end
 *     trace id 1a2b inet slash32 forward policy accept                                        no rule had a verdict
 */
export type NftTraceLine = {
  /** Of the packet, while it is in this kernel's tables; used again later. */
  readonly id: string;
  /** `inet slash32`. */
  readonly table: string;
  readonly chain: string;
} & (
  | { readonly type: 'packet'; readonly packet: NftTracedHeaders }
  | {
      readonly type: 'rule';
      /** As nft writes it, comment left out. */
      readonly text: string;
      readonly comment?: string;
      /** `accept`, `drop`, `continue`, `return`, `jump CHAIN`, … */
      readonly verdict: string;
    }
  | { readonly type: 'policy'; readonly verdict: string }
);

/** What the kernel shows of the packet; absent: not there, or not shown. */
export interface NftTracedHeaders {
  readonly in?: string;
  readonly out?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly length?: number;
}

/** `undefined` for what is none of the lines above, the end of a chain included. */
export function parseTraceLine(line: string): NftTraceLine | undefined {
  const match = /^trace id ([0-9a-f]+) (\w+ \S+) (\S+) (packet:|rule|policy) (.*)$/.exec(line);
  if (match === null) return undefined;
  const [, id = '', table = '', chain = '', type, rest = ''] = match;
  const place = { id, table, chain };
  if (type === 'packet:') return { ...place, type: 'packet', packet: parseHeaders(rest) };
  if (type === 'policy') return { ...place, type: 'policy', verdict: rest.trim() };
  const rule = /^(.*) \(verdict ([^()]*)\)\s*$/.exec(rest);
  if (rule === null) return undefined;
  const [, statement = '', verdict = ''] = rule;
  const commented = /^(.*?) ?comment "([^"]*)"$/.exec(statement);
  if (commented === null) return { ...place, type: 'rule', text: statement, verdict };
  const [, text = '', comment = ''] = commented;
  return { ...place, type: 'rule', text, comment, verdict };
}

function parseHeaders(text: string): NftTracedHeaders {
  const words = (name: string): string | undefined => new RegExp(`(?:^| )${name} (\\S+)`).exec(text)?.[1];
  const headers = {
    in: interfaceName(words('iif')),
    out: interfaceName(words('oif')),
    source: words('ip6? saddr'),
    destination: words('ip6? daddr'),
    protocol: number(words('ip protocol') ?? words('ip6 nexthdr')),
    sourcePort: number(words('\\w+ sport')),
    destinationPort: number(words('\\w+ dport')),
    icmpType: number(words('icmp(?:v6)? type')),
    icmpCode: number(words('icmp(?:v6)? code')),
    length: number(words('ip6? length')),
  };
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}

function interfaceName(word: string | undefined): string | undefined {
  return word?.replace(/^"(.*)"$/, '$1');
}

function number(word: string | undefined): number | undefined {
  return word === undefined || !/^\d+$/.test(word) ? undefined : Number(word);
}
