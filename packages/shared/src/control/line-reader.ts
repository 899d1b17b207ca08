import { FabricError } from '../errors/fabric-error.ts';

const NEWLINE = 0x0a;

/** Cuts a stream of octets into lines of UTF-8 text. */
export class LineReader {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #pendingBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Lines that `data` completes. Throws `FabricError` `control.line-too-long`; the stream is unusable then. */
  push(data: Buffer | string): string[] {
    const chunk = typeof data === 'string' ? Buffer.from(data) : data;
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#pendingBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes > this.#maxBytes) {
      throw new FabricError('control.line-too-long', `a line on the control socket exceeds ${this.#maxBytes} octets`);
    }
    this.#parts.push(part);
  }
}
