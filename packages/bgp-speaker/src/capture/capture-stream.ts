import type { BgpCapturedMessage, BgpCaptureEvent, Clock } from '@slash32/shared';
import { EventStream } from '../observe/event-stream.ts';
import type { ObserverHub } from '../observe/observer-hub.ts';
import type { ObservedMessage, ObservedPeer } from '../observe/speaker-observer.ts';
import { describeMessage } from './message-fields.ts';

/** Messages that may wait for a slow reader: at most some 64 MB, were they all as long as can be. */
const MAX_WAITING_MESSAGES = 1000;

/** Live messages of `peer`, and of one that takes its place under the same name, for `speaker.capture`. */
export async function* captureStream(
  sources: { readonly observers: ObserverHub; readonly clock: Clock; readonly peer: ObservedPeer },
  signal: AbortSignal,
): AsyncGenerator<BgpCaptureEvent> {
  const { name, address } = sources.peer.settings;
  const stream = new EventStream<BgpCapturedMessage>(MAX_WAITING_MESSAGES);
  using _listening = sources.observers.add({
    onMessage: (peer, message) => {
      if (peer.settings.name === name) stream.push(capturedMessage(name, message, sources.clock));
    },
  });
  yield { type: 'started', peer: name, address, state: sources.peer.state };
  yield* stream.read(signal);
}

function capturedMessage(peer: string, message: ObservedMessage, clock: Clock): BgpCapturedMessage {
  const { direction, octets, context, ends } = message;
  const described = describeMessage(octets, context, direction);
  return {
    type: 'message',
    wallMs: clock.wallMs(),
    peer,
    direction,
    message: described.name,
    fields: described.fields,
    octets: Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64'),
    connection: ends,
  };
}
