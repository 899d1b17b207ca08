import { text } from 'node:stream/consumers';
import type { TextStyle } from '../output/text-style.ts';
import { ansiStyle, plainStyle } from '../output/text-style.ts';

/** Everything a command may touch of its process, so that tests run commands in their own process. */
export interface CommandIo {
  writeOut(text: string): void;
  writeError(text: string): void;
  readInput(): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Width of the terminal that standard output is; `undefined` if it is none: nothing is wrapped then. */
  readonly columns: number | undefined;
}

export function processIo(): CommandIo {
  return {
    writeOut: (chunk) => process.stdout.write(chunk),
    writeError: (chunk) => process.stderr.write(chunk),
    readInput: () => text(process.stdin),
    env: process.env,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  };
}

/** Colour only on a terminal, and neither with `--no-color` nor with NO_COLOR (no-color.org) nor on a dumb terminal. */
export function styleFor(io: CommandIo, colorOption: boolean): TextStyle {
  const noColor = io.env.NO_COLOR;
  const refused = !colorOption || (noColor !== undefined && noColor !== '') || io.env.TERM === 'dumb';
  return io.columns === undefined || refused ? plainStyle : ansiStyle;
}
