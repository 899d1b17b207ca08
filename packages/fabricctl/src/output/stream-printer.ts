import { type CommandIo, styleFor } from '../cli/command-io.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import type { TextStyle } from './text-style.ts';
import { yamlText } from './yaml-text.ts';

/** Prints facts one by one as they come: a line of JSON each with `-o json`, a document each with `-o yaml`. */
export class StreamPrinter {
  readonly #io: CommandIo;
  readonly #options: Pick<GlobalOptions, 'output' | 'color'>;
  readonly #style: TextStyle;

  constructor(io: CommandIo, options: Pick<GlobalOptions, 'output' | 'color'>) {
    this.#io = io;
    this.#options = options;
    this.#style = styleFor(io, options.color);
  }

  /** `text`: how people read it, newline at the end. */
  print(data: unknown, text: (style: TextStyle) => string): void {
    switch (this.#options.output) {
      case 'json':
        this.#io.writeOut(`${JSON.stringify(data)}\n`);
        return;
      case 'yaml':
        this.#io.writeOut(`---\n${yamlText(data)}`);
        return;
      default:
        this.#io.writeOut(text(this.#style));
    }
  }

  warn(message: string): void {
    this.#io.writeError(`warning: ${message}\n`);
  }

  note(message: string): void {
    this.#io.writeError(`${message}\n`);
  }
}
