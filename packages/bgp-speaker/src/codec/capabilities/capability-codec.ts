import { FabricError } from '@slash32/shared';
import { familyOf } from '../family.ts';
import { concatOctets, readUint16, readUint24, readUint32, uint32Octets } from '../octets.ts';
import {
  type AddPathFamily,
  type AfiSafi,
  BGP_ROLES,
  type Capability,
  type ExtendedNextHopFamily,
  type GracefulRestartFamily,
  type LongLivedGracefulRestartFamily,
} from './capability.ts';

/** IANA "Capability Codes". */
export const CAPABILITY_CODE = {
  multiprotocol: 1,
  'route-refresh': 2,
  'extended-next-hop': 5,
  'extended-message': 6,
  role: 9,
  'graceful-restart': 64,
  'four-octet-as': 65,
  'add-path': 69,
  'enhanced-route-refresh': 70,
  'long-lived-graceful-restart': 71,
  hostname: 73,
  'software-version': 75,
} as const;

const ADD_PATH_DIRECTIONS = ['receive', 'send', 'both'] as const;

/** Octets of one `(AFI, SAFI, …)` entry of a capability that lists families. */
const ADD_PATH_ENTRY = 4;
const GRACEFUL_RESTART_ENTRY = 4;
const LONG_LIVED_ENTRY = 7;
const EXTENDED_NEXT_HOP_ENTRY = 6;

/**
 * Reads the value of one capability. A value that does not have the form its RFC gives is returned as `unknown`, as if
 * the peer had not offered it: RFC 5492 has no error for it, and a session without one feature beats no session.
 * The 4-octet AS capability is the exception; it is for the caller to refuse, since the peer's identity hangs on it.
 */
export function decodeCapability(code: number, value: Uint8Array): Capability {
  return decodeKnownCapability(code, value) ?? { kind: 'unknown', code, value: value.slice() };
}

function decodeKnownCapability(code: number, value: Uint8Array): Capability | undefined {
  switch (code) {
    case CAPABILITY_CODE.multiprotocol:
      // AFI (2), reserved (1), SAFI (1)
      if (value.length !== 4) return undefined;
      return { kind: 'multiprotocol', ...afiSafi(readUint16(value, 0), value[3] ?? 0) };
    case CAPABILITY_CODE['route-refresh']:
      return value.length === 0 ? { kind: 'route-refresh' } : undefined;
    case CAPABILITY_CODE['enhanced-route-refresh']:
      return value.length === 0 ? { kind: 'enhanced-route-refresh' } : undefined;
    case CAPABILITY_CODE['extended-message']:
      return value.length === 0 ? { kind: 'extended-message' } : undefined;
    case CAPABILITY_CODE['extended-next-hop']:
      return decodeExtendedNextHop(value);
    case CAPABILITY_CODE.role: {
      const role = value.length === 1 ? BGP_ROLES[value[0] ?? 0] : undefined;
      return role === undefined ? undefined : { kind: 'role', role };
    }
    case CAPABILITY_CODE['graceful-restart']:
      return decodeGracefulRestart(value);
    case CAPABILITY_CODE['four-octet-as']:
      return value.length === 4 ? { kind: 'four-octet-as', asNumber: readUint32(value, 0) } : undefined;
    case CAPABILITY_CODE['add-path']:
      return decodeAddPath(value);
    case CAPABILITY_CODE['long-lived-graceful-restart']:
      return decodeLongLived(value);
    case CAPABILITY_CODE.hostname:
      return decodeHostname(value);
    case CAPABILITY_CODE['software-version']: {
      const version = lengthPrefixedText(value, 0);
      return version === undefined || version.next !== value.length
        ? undefined
        : { kind: 'software-version', version: version.text };
    }
    default:
      return undefined;
  }
}

function afiSafi(afi: number, safi: number): AfiSafi {
  const family = familyOf(afi, safi);
  return family === undefined ? { afi, safi } : { afi, safi, family };
}

function decodeExtendedNextHop(value: Uint8Array): Capability | undefined {
  if (value.length % EXTENDED_NEXT_HOP_ENTRY !== 0) return undefined;
  const families: ExtendedNextHopFamily[] = [];
  for (let at = 0; at < value.length; at += EXTENDED_NEXT_HOP_ENTRY) {
    // The SAFI has two octets here (RFC 8950 section 4).
    families.push({
      ...afiSafi(readUint16(value, at), readUint16(value, at + 2)),
      nextHopAfi: readUint16(value, at + 4),
    });
  }
  return { kind: 'extended-next-hop', families };
}

function decodeGracefulRestart(value: Uint8Array): Capability | undefined {
  if (value.length < 2 || (value.length - 2) % GRACEFUL_RESTART_ENTRY !== 0) return undefined;
  const head = readUint16(value, 0);
  const families: GracefulRestartFamily[] = [];
  for (let at = 2; at < value.length; at += GRACEFUL_RESTART_ENTRY) {
    families.push({
      ...afiSafi(readUint16(value, at), value[at + 2] ?? 0),
      forwardingPreserved: ((value[at + 3] ?? 0) & 0x80) !== 0,
    });
  }
  return {
    kind: 'graceful-restart',
    restarting: (head & 0x8000) !== 0,
    notification: (head & 0x4000) !== 0,
    restartTimeSeconds: head & 0x0fff,
    families,
  };
}

function decodeLongLived(value: Uint8Array): Capability | undefined {
  if (value.length % LONG_LIVED_ENTRY !== 0) return undefined;
  const families: LongLivedGracefulRestartFamily[] = [];
  for (let at = 0; at < value.length; at += LONG_LIVED_ENTRY) {
    families.push({
      ...afiSafi(readUint16(value, at), value[at + 2] ?? 0),
      forwardingPreserved: ((value[at + 3] ?? 0) & 0x80) !== 0,
      staleTimeSeconds: readUint24(value, at + 4),
    });
  }
  return { kind: 'long-lived-graceful-restart', families };
}

/** RFC 7911 section 4: an entry with any other Send/Receive value is ignored. */
function decodeAddPath(value: Uint8Array): Capability | undefined {
  if (value.length % ADD_PATH_ENTRY !== 0) return undefined;
  const families: AddPathFamily[] = [];
  for (let at = 0; at < value.length; at += ADD_PATH_ENTRY) {
    const direction = ADD_PATH_DIRECTIONS[(value[at + 3] ?? 0) - 1];
    if (direction !== undefined) families.push({ ...afiSafi(readUint16(value, at), value[at + 2] ?? 0), direction });
  }
  return { kind: 'add-path', families };
}

function decodeHostname(value: Uint8Array): Capability | undefined {
  const hostname = lengthPrefixedText(value, 0);
  const domain = hostname === undefined ? undefined : lengthPrefixedText(value, hostname.next);
  if (hostname === undefined || domain === undefined || domain.next !== value.length) return undefined;
  return { kind: 'hostname', hostname: hostname.text, domain: domain.text };
}

/** One octet of length, then UTF-8 that must be well-formed. */
function lengthPrefixedText(octets: Uint8Array, at: number): { text: string; next: number } | undefined {
  const length = octets[at];
  if (length === undefined || at + 1 + length > octets.length) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      octets.subarray(at + 1, at + 1 + length),
    );
    return { text, next: at + 1 + length };
  } catch {
    return undefined;
  }
}

/** Code, length and value. `FabricError` `bgp.encode.capability` if the value does not fit its field. */
export function encodeCapability(capability: Capability): Uint8Array {
  const value = capabilityValue(capability);
  if (value.length > 255) {
    throw new FabricError(
      'bgp.encode.capability',
      `the value of capability ${capability.kind} has ${value.length} octets; at most 255 are possible (RFC 5492 section 4)`,
      { details: { capability: capability.kind, length: value.length } },
    );
  }
  const code = capability.kind === 'unknown' ? capability.code : CAPABILITY_CODE[capability.kind];
  return concatOctets([Uint8Array.of(code, value.length), value]);
}

function capabilityValue(capability: Capability): Uint8Array {
  switch (capability.kind) {
    case 'multiprotocol':
      return Uint8Array.of(capability.afi >>> 8, capability.afi, 0, capability.safi);
    case 'route-refresh':
    case 'enhanced-route-refresh':
    case 'extended-message':
      return new Uint8Array(0);
    case 'extended-next-hop':
      return Uint8Array.from(
        capability.families.flatMap(({ afi, safi, nextHopAfi }) => [
          afi >>> 8,
          afi,
          safi >>> 8,
          safi,
          nextHopAfi >>> 8,
          nextHopAfi,
        ]),
      );
    case 'role':
      return Uint8Array.of(BGP_ROLES.indexOf(capability.role));
    case 'graceful-restart':
      return gracefulRestartValue(capability);
    case 'four-octet-as':
      return uint32Octets([capability.asNumber]);
    case 'add-path':
      return Uint8Array.from(
        capability.families.flatMap(({ afi, safi, direction }) => [
          afi >>> 8,
          afi,
          safi,
          ADD_PATH_DIRECTIONS.indexOf(direction) + 1,
        ]),
      );
    case 'long-lived-graceful-restart':
      return Uint8Array.from(
        capability.families.flatMap(({ afi, safi, forwardingPreserved, staleTimeSeconds: time }) => [
          afi >>> 8,
          afi,
          safi,
          forwardingPreserved ? 0x80 : 0,
          time >>> 16,
          time >>> 8,
          time,
        ]),
      );
    case 'hostname':
      return concatOctets([textWithLength(capability.hostname), textWithLength(capability.domain)]);
    case 'software-version':
      return textWithLength(capability.version);
    case 'unknown':
      return capability.value;
  }
}

function gracefulRestartValue(capability: Extract<Capability, { kind: 'graceful-restart' }>): Uint8Array {
  const head =
    (capability.restarting ? 0x8000 : 0) |
    (capability.notification ? 0x4000 : 0) |
    restartTime(capability.restartTimeSeconds);
  const families = capability.families.flatMap(({ afi, safi, forwardingPreserved }) => [
    afi >>> 8,
    afi,
    safi,
    forwardingPreserved ? 0x80 : 0,
  ]);
  return Uint8Array.from([head >>> 8, head, ...families]);
}

function restartTime(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 0x0fff) return seconds;
  throw new FabricError('bgp.encode.capability', `graceful-restart: restart time ${seconds} s must be 0–4095`, {
    details: { capability: 'graceful-restart', seconds },
  });
}

function textWithLength(text: string): Uint8Array {
  const octets = new TextEncoder().encode(text);
  return concatOctets([Uint8Array.of(octets.length), octets]);
}
