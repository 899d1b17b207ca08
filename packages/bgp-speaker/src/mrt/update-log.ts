import type { BgpSessionState, Clock } from '@slash32/shared';
import type { ObservedMessage, ObservedPeer, SpeakerObserver } from '../observe/speaker-observer.ts';
import { type Bgp4mpSession, encodeMessage, encodeStateChange } from './bgp4mp-record.ts';

/** Where records go. */
export interface RecordSink {
  append(record: Uint8Array): void;
}

/** Writes every message and every change of state as MRT. */
export class MrtUpdateLog implements SpeakerObserver {
  readonly #sink: RecordSink;
  readonly #clock: Clock;

  constructor(sink: RecordSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  onMessage(peer: ObservedPeer, { direction, octets, context, ends }: ObservedMessage): void {
    const addPath = direction === 'sent' ? context?.addPathSend : context?.addPathReceive;
    this.#sink.append(
      encodeMessage({
        session: sessionOf(peer, ends.localAddress),
        wallMs: this.#clock.wallMs(),
        direction,
        fourOctetAs: context?.fourOctetAs ?? true,
        addPath: addPath !== undefined && addPath.size > 0,
        octets,
      }),
    );
  }

  onState(peer: ObservedPeer, before: BgpSessionState, after: BgpSessionState): void {
    this.#sink.append(encodeStateChange(sessionOf(peer, ''), this.#clock.wallMs(), before, after));
  }
}

function sessionOf({ settings, remoteAsNumber }: ObservedPeer, localAddress: string): Bgp4mpSession {
  return {
    peerAsNumber: remoteAsNumber ?? 0,
    localAsNumber: settings.localAsNumber,
    peerAddress: settings.address,
    localAddress,
  };
}
