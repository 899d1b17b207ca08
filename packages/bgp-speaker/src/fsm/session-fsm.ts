/**
 * The BGP finite state machine (RFC 4271 8.2.2) as a pure function: `transition(fsm, event, settings)` → the next state
 * and what to do. One machine per TCP connection; two of one peer meet in session/collision.ts.
 *
 * Deviations, each for a reason:
 * - A failed connect (event 18 in Connect) goes to Active instead of Idle, as in RFC 1771: Idle refuses connections,
 *   and a router that comes up and calls us must not be turned away because our last attempt failed.
 * - A passive peer is never called: the ConnectRetryTimer does not run for it.
 * - A NOTIFICATION is never answered with one (event 25 in OpenSent), and a message header error is reported as what
 *   it is in Established too (event 21), not as an FSM error.
 * - A second OPEN on one connection (event 19 in OpenConfirm, Established) is an FSM error; collisions are between two
 *   machines and reach this one as event 23.
 * - Events 6 and 7 wait for the IdleHoldTimer, whose length is for the surroundings to choose (damping).
 *
 * Optional session attributes (RFC 4271 8.1.1):
 * - AllowAutomaticStart, DampPeerOscillations: TRUE. Idle lasts 0.25 s to 30 s, twice as long after each failure.
 * - PassiveTcpEstablishment: `passive`. DelayOpen: `delayOpenSeconds`.
 * - AllowAutomaticStop: TRUE, for limits on prefixes, a path that BFD lost, and operators.
 * - SendNOTIFICATIONwithoutOPEN, TrackTcpState, AcceptConnectionsUnconfiguredPeers: FALSE. Dynamic neighbours are
 *   configured by range, and have a machine before they are accepted.
 * - CollisionDetectEstablishedState: FALSE, but for a peer that does graceful restart (collisions in Established are its
 *   restart, RFC 4724 4.2).
 */
import { inConnectOrActive, inIdle } from './connecting-states.ts';
import { inEstablished } from './established-state.ts';
import type { FsmEvent } from './fsm-event.ts';
import { inOpenConfirm, inOpenSent } from './opening-states.ts';
import type { FsmSettings, SessionFsm, Transition } from './session-fsm-state.ts';

export function transition(fsm: SessionFsm, event: FsmEvent, settings: FsmSettings): Transition {
  switch (fsm.state) {
    case 'Idle':
      return inIdle(fsm, event, settings);
    case 'Connect':
      return inConnectOrActive(fsm, event, settings);
    case 'Active':
      return inConnectOrActive(fsm, event, settings);
    case 'OpenSent':
      return inOpenSent(fsm, event, settings);
    case 'OpenConfirm':
      return inOpenConfirm(fsm, event, settings);
    case 'Established':
      return inEstablished(fsm, event, settings);
  }
}
