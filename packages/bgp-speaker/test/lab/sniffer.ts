import type { Namespace } from './namespace.ts';
import { waitUntil } from './wait-until.ts';

/** `tcpdump -v` in a namespace, ended with the namespace. */
export class Sniffer {
  #text = '';

  private constructor(namespace: Namespace, filter: string) {
    namespace.spawn('tcpdump', ['-i', 'any', '-l', '-n', '-vv', filter], (text) => {
      this.#text += text;
    });
  }

  /** Ready: packets from now on are seen. */
  static async start(namespace: Namespace, filter: string): Promise<Sniffer> {
    const sniffer = new Sniffer(namespace, filter);
    await waitUntil(
      () => `tcpdump listens: ${sniffer.#text}`,
      () => sniffer.#text.includes('listening on'),
    );
    return sniffer;
  }

  get text(): string {
    return this.#text;
  }
}
