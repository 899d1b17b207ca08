import type { BgpFamily, BgpSessionState } from '@slash32/shared';
import {
  checkOpen,
  type DecodedUpdate,
  decodeNotification,
  decodeOpen,
  decodeRouteRefresh,
  decodeUpdate,
  ERROR_CODE,
  type Frame,
  MESSAGE_TYPE,
  OPEN_ERROR,
  type OpenMessage,
  type RouteRefreshSubtype,
} from '../codec/index.ts';
import type { FsmEvent } from '../fsm/fsm-event.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import { acceptsAs, peerTypeOf, remoteAsText } from '../peers/remote-as.ts';
import { type NegotiatedSession, negotiateSession } from './negotiated-session.ts';

/** What a received message means to the session it came on. */
export interface MessageMeaning {
  /** For the FSM; absent: it has none for this message. */
  readonly event?: FsmEvent;
  /** A good OPEN, with what it leads to. */
  readonly negotiated?: NegotiatedSession;
  readonly update?: DecodedUpdate;
  /** The peer asks for this family again, or marks the answer to such a question of ours. */
  readonly refresh?: { readonly family: BgpFamily; readonly subtype: RouteRefreshSubtype };
}

/** The session as far as the meaning of its messages depends on it. */
export interface MessageScene {
  readonly state: BgpSessionState;
  /** We hold our OPEN back for the DelayOpenTimer. */
  readonly delayingOpen: boolean;
  /** The OPEN that we sent on this connection, or will when `delayingOpen` ends. */
  readonly localOpen: OpenMessage | undefined;
  readonly negotiated: NegotiatedSession | undefined;
  readonly settings: PeerSettings;
}

/** Pure: message in, FSM event out. A message that does not belong into the state becomes the event that says so. */
export function interpretMessage(frame: Frame, scene: MessageScene): MessageMeaning {
  switch (frame.type) {
    case MESSAGE_TYPE.open:
      return interpretOpen(frame.octets, scene);
    case MESSAGE_TYPE.update:
      return interpretUpdate(frame.octets, scene);
    case MESSAGE_TYPE.notification:
      return { event: interpretNotification(frame.octets) };
    case MESSAGE_TYPE.routeRefresh:
      return interpretRouteRefresh(frame.octets, scene);
    default:
      return { event: { name: 'KeepAliveMsg' } };
  }
}

function interpretOpen(octets: Uint8Array, { state, delayingOpen, localOpen, settings }: MessageScene): MessageMeaning {
  const peerType = peerTypeOf(settings);
  const decoded = decodeOpen(octets);
  const open = decoded.ok
    ? checkOpen(decoded.value, {
        acceptsAs: (asNumber) => acceptsAs(settings, asNumber),
        expectedAs: remoteAsText(settings),
        localRouterId: settings.routerId,
        peerType,
        ...(settings.role === undefined ? {} : { localRole: settings.role }),
        strictRole: settings.strictRole === true,
      })
    : decoded;
  if (!open.ok) return { event: { name: 'BGPOpenMsgErr', notification: open.notification, reason: open.reason } };
  if (localOpen === undefined || (state !== 'OpenSent' && !delayingOpen)) {
    return { event: { name: 'BGPOpen', holdTimeSeconds: open.value.holdTimeSeconds } };
  }
  const negotiated = negotiateSession(localOpen, open.value, peerType);
  const name = delayingOpen ? 'BGPOpen_with_DelayOpenTimer_running' : 'BGPOpen';
  return { event: { name, holdTimeSeconds: negotiated.holdTimeSeconds }, negotiated };
}

function interpretUpdate(octets: Uint8Array, { state, negotiated }: MessageScene): MessageMeaning {
  if (state !== 'Established' || negotiated === undefined) return { event: { name: 'UpdateMsg' } };
  const update = decodeUpdate(octets, negotiated.context);
  // RFC 7606 2 lets a speaker reset the session where it cannot disable one family; we do.
  if (update.notification !== undefined) {
    return { event: { name: 'UpdateMsgErr', notification: update.notification } };
  }
  return { event: { name: 'UpdateMsg' }, update };
}

function interpretNotification(octets: Uint8Array): FsmEvent {
  const notification = decodeNotification(octets);
  const versionError =
    notification.code === ERROR_CODE.openMessage && notification.subcode === OPEN_ERROR.unsupportedVersionNumber;
  return { name: versionError ? 'NotifMsgVerErr' : 'NotifMsg', notification };
}

/** The FSM has no event for it; before Established it is as unexpected as an UPDATE. */
function interpretRouteRefresh(octets: Uint8Array, { state }: MessageScene): MessageMeaning {
  if (state !== 'Established') return { event: { name: 'UpdateMsg' } };
  const { family, subtype } = decodeRouteRefresh(octets);
  return family === undefined || subtype === 'other' ? {} : { refresh: { family, subtype } };
}
