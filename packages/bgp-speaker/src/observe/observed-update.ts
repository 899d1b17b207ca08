import { type CodecContext, type DecodedUpdate, decodeUpdate, initialContext } from '../codec/index.ts';
import type { MessageDirection } from './speaker-observer.ts';

/** The context to read a message with: what we send, the peer reads, so that the directions of ADD-PATH change sides. */
export function readingContext(context: CodecContext | undefined, direction: MessageDirection): CodecContext {
  if (context === undefined) return initialContext('ebgp');
  return direction === 'received' ? context : { ...context, addPathReceive: context.addPathSend };
}

/** Reads an UPDATE of either direction. */
export function decodeObservedUpdate(
  octets: Uint8Array,
  context: CodecContext | undefined,
  direction: MessageDirection,
): DecodedUpdate {
  return decodeUpdate(octets, readingContext(context, direction));
}
