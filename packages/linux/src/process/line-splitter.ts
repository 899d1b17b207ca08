/** Cuts a stream of text chunks into lines; what follows the last newline waits for the next chunk. */
export class LineSplitter {
  #rest = '';

  /** The lines that `chunk` completes, without their newlines. */
  push(chunk: string): readonly string[] {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }
}
