/**
 * Roles and the attribute ONLY_TO_CUSTOMER (RFC 9234 section 5): a route that has gone to a customer or between peers goes on
 * to customers alone. `role` is ours towards the router; without one, the attribute is carried and means nothing.
 */
import type { BgpRole, PathAttributes } from '../codec/index.ts';

/** Of whom routes come: does the router send to us as to its customer, or as to its peer? */
const MARKED_ON_IMPORT: ReadonlySet<BgpRole> = new Set(['customer', 'peer', 'route-server-client']);
const MARKED_ON_EXPORT: ReadonlySet<BgpRole> = new Set(['provider', 'peer', 'route-server']);
const CLOSED_TO_MARKED: ReadonlySet<BgpRole> = new Set(['customer', 'peer', 'route-server-client']);

/** Why a route of the router is a leak; `undefined`: it is none. `remoteAs`: the router's. */
export function leakOf(
  { onlyToCustomer }: PathAttributes,
  role: BgpRole | undefined,
  remoteAs: number | undefined,
): string | undefined {
  if (onlyToCustomer === undefined) return undefined;
  if (role === 'provider' || role === 'route-server') {
    const who = role === 'provider' ? 'our customer' : 'a client of our route server';
    return `route leak: AS ${onlyToCustomer} sent it to customers only, and the router is ${who} (RFC 9234)`;
  }
  if (role === 'peer' && onlyToCustomer !== remoteAs) {
    return `route leak: AS ${onlyToCustomer} sent it to customers only, and the router is our peer (RFC 9234)`;
  }
  return undefined;
}

/** A route as it is to be judged and kept: marked with the router's AS if it must go to customers only from here on. */
export function markedOnImport(
  attributes: PathAttributes,
  role: BgpRole | undefined,
  remoteAs: number | undefined,
): PathAttributes {
  if (role === undefined || !MARKED_ON_IMPORT.has(role)) return attributes;
  return attributes.onlyToCustomer === undefined && remoteAs !== undefined
    ? { ...attributes, onlyToCustomer: remoteAs }
    : attributes;
}

/** True if a route that is marked must not go to the router. */
export function isClosedTo(attributes: PathAttributes, role: BgpRole | undefined): boolean {
  return attributes.onlyToCustomer !== undefined && role !== undefined && CLOSED_TO_MARKED.has(role);
}

/** A route as it is sent: marked with our AS if the router must pass it to customers only. */
export function markedOnExport(
  attributes: PathAttributes,
  role: BgpRole | undefined,
  localAsNumber: number,
): PathAttributes {
  if (role === undefined || !MARKED_ON_EXPORT.has(role) || attributes.onlyToCustomer !== undefined) return attributes;
  return { ...attributes, onlyToCustomer: localAsNumber };
}
