import type { NextHop, PathAttributes, PrefixKey } from '../codec/index.ts';
import { prefixKeyAddressFamily } from '../codec/index.ts';
import type { ObservedPeer } from '../observe/speaker-observer.ts';
import type { Path } from '../rib/path.ts';
import { encodePeerIndexTable, encodeRibAttributes, encodeRibRecord, type RibEntry } from './table-dump-record.ts';

/** The tables of a speaker. */
export interface DumpSources {
  readonly asNumber: number;
  readonly routerId: string;
  readonly peers: readonly ObservedPeer[];
  /** Prefixes of this host's instances. */
  readonly local: { keys(): Iterable<PrefixKey>; has(key: PrefixKey): boolean };
  readonly wallMs: number;
}

/** Index of the entry that stands for this host, with address 0.0.0.0: its own routes come from no peer. */
const LOCAL_INDEX = 0;

/**
 * A dump as one record after the other: the peers, then a record per prefix. Lazy: a record is made, and the tables are
 * looked into, when it is asked for; prefixes that went meanwhile are left out, and those that came may be in it or not.
 */
export function* dumpTables(sources: DumpSources): Generator<Uint8Array, void, undefined> {
  const { asNumber, routerId, peers, local, wallMs } = sources;
  yield encodePeerIndexTable(wallMs, routerId, [
    { address: '0.0.0.0', asNumber, routerId },
    ...peers.map(({ settings, negotiated, remoteAsNumber }) => ({
      address: settings.address,
      asNumber: remoteAsNumber ?? 0,
      routerId: negotiated?.remote.routerId ?? '0.0.0.0',
    })),
  ]);
  const encoded = new Map<PathAttributes, Map<NextHop, Uint8Array>>();
  const localAttributes = {
    4: encodeRibAttributes({ origin: 'igp', asPath: [] }, { address: '0.0.0.0' }),
    6: encodeRibAttributes({ origin: 'igp', asPath: [] }, { address: '::' }),
  } as const;
  let sequence = 0;
  for (const key of distinctKeys(sources)) {
    const entries: RibEntry[] = [];
    if (local.has(key)) {
      entries.push({ peerIndex: LOCAL_INDEX, attributes: localAttributes[prefixKeyAddressFamily(key)] });
    }
    for (const [index, { adjRibIn }] of peers.entries()) {
      for (const { path } of adjRibIn.entries(key)) {
        const { pathId } = path;
        entries.push({
          peerIndex: index + 1,
          attributes: attributesOf(path, encoded),
          ...(pathId === undefined ? {} : { pathId }),
        });
      }
    }
    if (entries.length === 0) continue;
    yield encodeRibRecord(wallMs, sequence, key, entries);
    sequence += 1;
  }
}

/** Collected on the way: a table of a million prefixes is not to be walked through in one turn of the event loop. */
function* distinctKeys({ local, peers }: DumpSources): Generator<PrefixKey, void, undefined> {
  const seen = new Set<PrefixKey>();
  for (const keys of [local.keys(), ...peers.map(({ adjRibIn }) => adjRibIn.keys())]) {
    for (const key of keys) {
      if (seen.has(key)) continue;
      seen.add(key);
      yield key;
    }
  }
}

/** Encoded once per set of attributes: a table has far fewer of them than prefixes. */
function attributesOf(path: Path, encoded: Map<PathAttributes, Map<NextHop, Uint8Array>>): Uint8Array {
  const { received, nextHop } = path;
  const byNextHop = encoded.get(received) ?? new Map<NextHop, Uint8Array>();
  encoded.set(received, byNextHop);
  const octets = byNextHop.get(nextHop) ?? encodeRibAttributes(received, nextHop);
  byNextHop.set(nextHop, octets);
  return octets;
}
