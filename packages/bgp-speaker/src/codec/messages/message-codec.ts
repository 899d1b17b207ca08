import { FabricError } from '@slash32/shared';
import { type CodecContext, MAX_MESSAGE_LENGTH, maxMessageLength } from '../codec-context.ts';
import { type DecodeResult, decoded } from '../decode-result.ts';
import { familyOf } from '../family.ts';
import { readUint16, writeUint16 } from '../octets.ts';
import { HEADER_LENGTH, writeHeader } from './header.ts';
import { type BgpMessage, MESSAGE_TYPE } from './message.ts';
import type { Frame } from './message-framer.ts';
import type { NotificationMessage } from './notification.ts';
import { decodeOpen } from './open-codec.ts';
import type { RouteRefreshMessage } from './route-refresh.ts';
import { decodeUpdate } from './update-decoder.ts';

/**
 * Reads a message that the framer cut. Fails only for an OPEN: a bad UPDATE is a value with `errors`, and any
 * NOTIFICATION can be read, since it is never answered (RFC 4271 section 6.4). Never throws.
 */
export function decodeMessage(frame: Frame, context: CodecContext): DecodeResult<BgpMessage> {
  const { octets, type } = frame;
  switch (type) {
    case MESSAGE_TYPE.open: {
      const open = decodeOpen(octets);
      return open.ok ? decoded({ type: 'open', open: open.value }) : open;
    }
    case MESSAGE_TYPE.update:
      return decoded({ type: 'update', update: decodeUpdate(octets, context) });
    case MESSAGE_TYPE.notification:
      return decoded({ type: 'notification', notification: decodeNotification(octets) });
    case MESSAGE_TYPE.keepalive:
      return decoded({ type: 'keepalive' });
    case MESSAGE_TYPE.routeRefresh:
      return decoded({ type: 'route-refresh', routeRefresh: decodeRouteRefresh(octets) });
    default:
      throw new FabricError('bgp.decode.frame', `a frame of type ${type} did not come from the framer`);
  }
}

/** Code, subcode and a copy of the data of a whole NOTIFICATION. */
export function decodeNotification(octets: Uint8Array): NotificationMessage {
  return {
    code: octets[HEADER_LENGTH] ?? 0,
    subcode: octets[HEADER_LENGTH + 1] ?? 0,
    data: octets.slice(HEADER_LENGTH + 2),
  };
}

const REFRESH_SUBTYPES = ['request', 'begin', 'end'] as const;

/** AFI (2), subtype (1; reserved before RFC 7313), SAFI (1). */
export function decodeRouteRefresh(octets: Uint8Array): RouteRefreshMessage {
  const afi = readUint16(octets, HEADER_LENGTH);
  const safi = octets[HEADER_LENGTH + 3] ?? 0;
  const family = familyOf(afi, safi);
  const subtype = REFRESH_SUBTYPES[octets[HEADER_LENGTH + 2] ?? 0] ?? 'other';
  return family === undefined ? { afi, safi, subtype } : { afi, safi, family, subtype };
}

/** 19 octets. */
export function encodeKeepalive(): Uint8Array {
  const octets = new Uint8Array(HEADER_LENGTH);
  writeHeader(octets, MESSAGE_TYPE.keepalive);
  return octets;
}

/** Data that does not fit the session's longest message is cut off. */
export function encodeNotification(notification: NotificationMessage, context?: CodecContext): Uint8Array {
  const limit = context === undefined ? MAX_MESSAGE_LENGTH : maxMessageLength(context);
  const data = notification.data.subarray(0, limit - HEADER_LENGTH - 2);
  const octets = new Uint8Array(HEADER_LENGTH + 2 + data.length);
  octets[HEADER_LENGTH] = notification.code;
  octets[HEADER_LENGTH + 1] = notification.subcode;
  octets.set(data, HEADER_LENGTH + 2);
  writeHeader(octets, MESSAGE_TYPE.notification);
  return octets;
}

/** 23 octets. `FabricError` `bgp.encode.route-refresh` for the subtype `other`, which nobody sends. */
export function encodeRouteRefresh({ afi, safi, subtype }: RouteRefreshMessage): Uint8Array {
  const code = (REFRESH_SUBTYPES as readonly string[]).indexOf(subtype);
  if (code < 0) throw new FabricError('bgp.encode.route-refresh', `ROUTE-REFRESH subtype "${subtype}" cannot be sent`);
  const octets = new Uint8Array(HEADER_LENGTH + 4);
  writeUint16(octets, HEADER_LENGTH, afi);
  octets[HEADER_LENGTH + 2] = code;
  octets[HEADER_LENGTH + 3] = safi;
  writeHeader(octets, MESSAGE_TYPE.routeRefresh);
  return octets;
}
