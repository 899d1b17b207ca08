import type { PathAttributes } from '../../src/codec/index.ts';
import { makePath, type Path, type PathSource } from '../../src/rib/path.ts';

export function source(name: string, fields: Partial<PathSource> = {}): PathSource {
  return { name, type: 'ebgp', routerId: 1, address: '192.0.2.254', ...fields };
}

export function attributes(asNumbers: readonly number[], fields: Partial<PathAttributes> = {}): PathAttributes {
  return { origin: 'igp', asPath: [{ type: 'sequence', asNumbers }], ...fields };
}

export function path(from: PathSource, asNumbers: readonly number[], fields: Partial<PathAttributes> = {}): Path {
  return makePath({ source: from, attributes: attributes(asNumbers, fields), nextHop: { address: from.address } });
}
