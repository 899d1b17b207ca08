import type { NftTraceMonitor } from './nft-trace-monitor.ts';
import { type NftTraceLine, parseTraceLine } from './trace-line.ts';

/** An {@link NftTraceMonitor} that tells what tests let it tell. */
export class FakeNftTraceMonitor implements NftTraceMonitor {
  readonly #listeners = new Set<Parameters<NftTraceMonitor['watch']>[0]>();

  get watchers(): number {
    return this.#listeners.size;
  }

  async watch(listener: Parameters<NftTraceMonitor['watch']>[0], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  /** Text as `nft -nn monitor trace` writes it. */
  tell(text: string): void {
    const lines = text.split('\n').map(parseTraceLine);
    const known = lines.filter((line): line is NftTraceLine => line !== undefined);
    for (const listener of [...this.#listeners]) listener.onLines(known);
  }

  /** nft ends. */
  end(error: unknown): void {
    for (const listener of [...this.#listeners]) {
      this.#listeners.delete(listener);
      listener.onEnd(error);
    }
  }
}
