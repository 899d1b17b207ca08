import { formatHex } from '../octets.ts';
import {
  CEASE,
  ERROR_CODE,
  FSM_ERROR,
  HEADER_ERROR,
  type NotificationMessage,
  OPEN_ERROR,
  ROUTE_REFRESH_ERROR,
  UPDATE_ERROR,
} from './notification.ts';
import { hardResetReason, isHardReset, shutdownCommunication } from './shutdown-communication.ts';

/** Name of a code and, by number, names of its subcodes; as in the RFCs. */
interface CodeText {
  readonly name: string;
  readonly subcodes: Readonly<Record<number, string>>;
}

const CODE_TEXTS: Readonly<Record<number, CodeText>> = {
  [ERROR_CODE.messageHeader]: {
    name: 'Message Header Error',
    subcodes: {
      [HEADER_ERROR.connectionNotSynchronized]: 'Connection Not Synchronized',
      [HEADER_ERROR.badMessageLength]: 'Bad Message Length',
      [HEADER_ERROR.badMessageType]: 'Bad Message Type',
    },
  },
  [ERROR_CODE.openMessage]: {
    name: 'OPEN Message Error',
    subcodes: {
      [OPEN_ERROR.unsupportedVersionNumber]: 'Unsupported Version Number',
      [OPEN_ERROR.badPeerAs]: 'Bad Peer AS',
      [OPEN_ERROR.badBgpIdentifier]: 'Bad BGP Identifier',
      [OPEN_ERROR.unsupportedOptionalParameter]: 'Unsupported Optional Parameter',
      [OPEN_ERROR.unacceptableHoldTime]: 'Unacceptable Hold Time',
      [OPEN_ERROR.unsupportedCapability]: 'Unsupported Capability',
      [OPEN_ERROR.roleMismatch]: 'Role Mismatch',
    },
  },
  [ERROR_CODE.updateMessage]: {
    name: 'UPDATE Message Error',
    subcodes: {
      [UPDATE_ERROR.malformedAttributeList]: 'Malformed Attribute List',
      [UPDATE_ERROR.unrecognizedWellKnownAttribute]: 'Unrecognized Well-known Attribute',
      [UPDATE_ERROR.missingWellKnownAttribute]: 'Missing Well-known Attribute',
      [UPDATE_ERROR.attributeFlagsError]: 'Attribute Flags Error',
      [UPDATE_ERROR.attributeLengthError]: 'Attribute Length Error',
      [UPDATE_ERROR.invalidOriginAttribute]: 'Invalid ORIGIN Attribute',
      [UPDATE_ERROR.invalidNextHopAttribute]: 'Invalid NEXT_HOP Attribute',
      [UPDATE_ERROR.optionalAttributeError]: 'Optional Attribute Error',
      [UPDATE_ERROR.invalidNetworkField]: 'Invalid Network Field',
      [UPDATE_ERROR.malformedAsPath]: 'Malformed AS_PATH',
    },
  },
  [ERROR_CODE.holdTimerExpired]: { name: 'Hold Timer Expired', subcodes: {} },
  [ERROR_CODE.finiteStateMachine]: {
    name: 'Finite State Machine Error',
    subcodes: {
      [FSM_ERROR.inOpenSent]: 'Unexpected Message in OpenSent',
      [FSM_ERROR.inOpenConfirm]: 'Unexpected Message in OpenConfirm',
      [FSM_ERROR.inEstablished]: 'Unexpected Message in Established',
    },
  },
  [ERROR_CODE.cease]: {
    name: 'Cease',
    subcodes: {
      [CEASE.maximumPrefixesReached]: 'Maximum Number of Prefixes Reached',
      [CEASE.administrativeShutdown]: 'Administrative Shutdown',
      [CEASE.peerDeconfigured]: 'Peer De-configured',
      [CEASE.administrativeReset]: 'Administrative Reset',
      [CEASE.connectionRejected]: 'Connection Rejected',
      [CEASE.otherConfigurationChange]: 'Other Configuration Change',
      [CEASE.connectionCollisionResolution]: 'Connection Collision Resolution',
      [CEASE.outOfResources]: 'Out of Resources',
      [CEASE.hardReset]: 'Hard Reset',
      [CEASE.bfdDown]: 'BFD Down',
    },
  },
  [ERROR_CODE.routeRefreshMessage]: {
    name: 'ROUTE-REFRESH Message Error',
    subcodes: { [ROUTE_REFRESH_ERROR.invalidMessageLength]: 'Invalid Message Length' },
  },
  [ERROR_CODE.sendHoldTimerExpired]: { name: 'Send Hold Timer Expired', subcodes: {} },
};

/** Octets of data that are shown. */
const SHOWN_OCTETS = 32;

/**
 * For people, on one line: `Cease/Administrative Shutdown (6/2): "maintenance"`, or the data in hexadecimal. Text of
 * the peer is quoted and free of control characters.
 */
export function formatNotification(notification: NotificationMessage): string {
  const { code, subcode, data } = notification;
  const text = CODE_TEXTS[code];
  const subcodeName = text?.subcodes[subcode];
  const name = `${text?.name ?? 'Unknown Error'}${subcodeName === undefined ? '' : `/${subcodeName}`} (${code}/${subcode})`;
  const communication = shutdownCommunication(notification);
  if (communication !== undefined) return `${name}: ${JSON.stringify(communication)}`;
  const wrapped = hardResetReason(notification);
  // One level: the data of a wrapped Hard Reset is shown as it is, however deep a peer nests them.
  if (wrapped !== undefined && !isHardReset(wrapped)) {
    return `${name}: ${formatNotification(wrapped)}`;
  }
  if (data.length === 0) return name;
  return `${name}: 0x${formatHex(data.subarray(0, SHOWN_OCTETS))}${data.length > SHOWN_OCTETS ? '…' : ''}`;
}
