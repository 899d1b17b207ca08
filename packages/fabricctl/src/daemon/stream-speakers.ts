import { BatchQueue, type ControlClient, connectControl, FabricError, type SpeakerMethods } from '@slash32/shared';
import { explainedError, TIMEOUT_MS } from './ask-daemons.ts';

/** An event of one speaker, or why its stream ended before its time. */
export type SpeakerStreamItem<Event> =
  | { readonly host: string; readonly event: Event }
  | { readonly socket: string; readonly error: FabricError };

type OpenStream<Event> = (
  speaker: ControlClient<SpeakerMethods>,
  options: { readonly signal: AbortSignal },
) => AsyncIterable<Event>;

/**
 * Streams of the speakers on all sockets, merged in the order of arrival; ends when all have ended. A stream that fails
 * is an item as long as another one has anything to tell; if none ever had, the first error is thrown.
 */
export async function* streamSpeakers<Event>(
  sockets: readonly string[],
  open: OpenStream<Event>,
): AsyncGenerator<SpeakerStreamItem<Event>, void, undefined> {
  const queue = new BatchQueue<SpeakerStreamItem<Event>>();
  const life = new AbortController();
  const readers = sockets.map((socket) => readStream(socket, open, queue, life.signal));
  void Promise.all(readers).then(
    () => queue.end(),
    (error: unknown) => queue.fail(error),
  );
  const failed: Extract<SpeakerStreamItem<Event>, { readonly error: FabricError }>[] = [];
  let told = false;
  try {
    for await (const batch of queue) {
      for (const item of batch) {
        if ('error' in item && !told) {
          failed.push(item);
          continue;
        }
        told = true;
        yield* failed.splice(0);
        yield item;
      }
    }
    if (failed[0] !== undefined) throw failed[0].error;
  } finally {
    life.abort();
    await Promise.allSettled(readers);
  }
}

async function readStream<Event>(
  socket: string,
  open: OpenStream<Event>,
  queue: BatchQueue<SpeakerStreamItem<Event>>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await using speaker = await connectControl<SpeakerMethods>(socket, { timeoutMs: TIMEOUT_MS, signal });
    const { host } = await speaker.call('speaker.status', {});
    for await (const event of open(speaker, { signal })) queue.push({ host, event });
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof FabricError)) throw error;
    queue.push({ socket, error: explainedError(error, 'bgp-speaker', '--speaker-socket') });
  }
}
