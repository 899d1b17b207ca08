import type { BgpRole } from '../capabilities/capability.ts';
import { capabilitiesOf, openAsNumber } from '../capabilities/negotiation.ts';
import type { PeerType } from '../codec-context.ts';
import { type DecodeResult, decoded, refused } from '../decode-result.ts';
import { ERROR_CODE, OPEN_ERROR } from './notification.ts';
import type { OpenMessage } from './open.ts';

/** What the configuration says about a peer, as far as its OPEN can contradict it. */
export interface OpenExpectation {
  readonly acceptsAs: (asNumber: number) => boolean;
  /** What {@link acceptsAs} accepts, for people. */
  readonly expectedAs: string;
  readonly localRouterId: string;
  readonly peerType: PeerType;
  /** Our own role (RFC 9234); the peer's must be its counterpart if the peer gives one. */
  readonly localRole?: BgpRole;
  /** Refuse a peer that gives no role (RFC 9234 section 4.2, strict mode). */
  readonly strictRole?: boolean;
}

const COUNTERPART: Readonly<Record<BgpRole, BgpRole>> = {
  provider: 'customer',
  customer: 'provider',
  'route-server': 'route-server-client',
  'route-server-client': 'route-server',
  peer: 'peer',
};

/** The checks of RFC 4271 section 6.2, RFC 6286 section 2.2 and RFC 9234 section 4.2 that need configuration. */
export function checkOpen(open: OpenMessage, expectation: OpenExpectation): DecodeResult<OpenMessage> {
  const asNumber = openAsNumber(open);
  if (!expectation.acceptsAs(asNumber)) {
    return refuse(OPEN_ERROR.badPeerAs, `AS number ${asNumber} is not the configured ${expectation.expectedAs}`);
  }
  if (expectation.peerType === 'ibgp' && open.routerId === expectation.localRouterId) {
    return refuse(OPEN_ERROR.badBgpIdentifier, `BGP Identifier ${open.routerId} is our own`);
  }
  return checkRole(open, expectation);
}

function checkRole(open: OpenMessage, expectation: OpenExpectation): DecodeResult<OpenMessage> {
  // Roles are for eBGP (RFC 9234 section 4.1).
  if (expectation.localRole === undefined || expectation.peerType === 'ibgp') return decoded(open);
  const roles = new Set(capabilitiesOf(open.capabilities, 'role').map(({ role }) => role));
  const expected = COUNTERPART[expectation.localRole];
  if (roles.size > 1) return refuse(OPEN_ERROR.roleMismatch, `the peer gives several roles: ${[...roles].join(', ')}`);
  if (roles.size === 0) {
    return expectation.strictRole === true
      ? refuse(OPEN_ERROR.roleMismatch, `the peer gives no role; ${expected} is required`)
      : decoded(open);
  }
  return roles.has(expected)
    ? decoded(open)
    : refuse(OPEN_ERROR.roleMismatch, `the peer's role is ${[...roles].join()}, not ${expected}`);
}

function refuse(subcode: number, reason: string): DecodeResult<OpenMessage> {
  return refused({ code: ERROR_CODE.openMessage, subcode, data: new Uint8Array(0) }, reason);
}
