import { formatIpAddress, tryParseIpAddress } from '@slash32/shared';

/** Source and destination of the original tuple, then of the reply tuple. */
export type TuplePosition = 0 | 1 | 2 | 3;

export interface ConnectionMatch {
  readonly position: TuplePosition;
  readonly address: string;
}

export interface MatchedConnections {
  /** How many connections have one of the addresses, at whatever position. */
  readonly connections: number;
  /** Which address was found at which position, each pair once. */
  readonly matches: readonly ConnectionMatch[];
}

const POSITIONS: readonly TuplePosition[] = [0, 1, 2, 3];

/** Looks for addresses (canonical text) in what `conntrack -L` printed: one connection a line, `src= dst=` twice. */
export function matchConnections(listing: string, addresses: ReadonlySet<string>): MatchedConnections {
  const matches = new Map<string, ConnectionMatch>();
  let connections = 0;
  for (const line of listing.split('\n')) {
    const tuple = [...line.matchAll(/\b(?:src|dst)=([0-9a-f.:]+)/g)].map((match) => canonical(match[1] ?? ''));
    let found = false;
    for (const position of POSITIONS) {
      const address = tuple[position];
      if (address === undefined || !addresses.has(address)) continue;
      found = true;
      matches.set(`${position} ${address}`, { position, address });
    }
    if (found) connections += 1;
  }
  return { connections, matches: [...matches.values()] };
}

function canonical(text: string): string {
  const address = text.includes(':') ? tryParseIpAddress(text) : undefined;
  return address === undefined ? text : formatIpAddress(address);
}
