import { FabricError } from '@slash32/shared';
import type { Command } from 'commander';
import type { StreamPrinter } from '../output/stream-printer.ts';
import type { TableLayout } from '../output/table.ts';
import { type CommandIo, styleFor } from './command-io.ts';
import { EXIT_CODE, type ExitCode } from './exit-code.ts';
import { type DrawingFormat, type GlobalOptions, isDrawingFormat } from './global-options.ts';

/** What a command answers: the facts for `-o json|yaml`, and how people read them. */
export interface CommandResult {
  /** Plain JSON. */
  readonly data: unknown;
  /** Text for people, newline at the end, or empty. */
  readonly text: (layout: TableLayout, wide: boolean) => string;
  /** One `KIND/NAME` per line, where the command answers with resources. */
  readonly names?: readonly string[];
  /** Lines for standard error, whatever the format. */
  readonly warnings?: readonly string[];
  /** Whole lines for standard error after the output: what failed, in full. */
  readonly diagnostics?: readonly string[];
  /** For `-o yaml`, where that is more than `data` as YAML. */
  readonly yaml?: () => string;
  /** For `-o dot|svg`, by commands declared with `draws`. */
  readonly drawings?: Readonly<Record<DrawingFormat, () => string>>;
  readonly exitCode?: ExitCode;
}

/** One run of fabricctl: its input and output, and the exit code it will have. */
export class CliSession {
  readonly io: CommandIo;
  exitCode: ExitCode = EXIT_CODE.ok;

  constructor(io: CommandIo) {
    this.io = io;
  }

  /**
   * Makes a commander action of `run`: prints its result in the format asked for and keeps its exit code.
   * `run` gets the global options and the command's own, then the command's arguments. Formats for drawings are refused
   * before it, unless the command `draws`.
   */
  action<Options, Arguments extends readonly unknown[]>(
    run: (options: Options & GlobalOptions, ...args: Arguments) => Promise<CommandResult> | CommandResult,
    { draws = false }: { readonly draws?: boolean } = {},
  ): (...args: unknown[]) => Promise<void> {
    return async (...received) => {
      const command = received.at(-1) as Command;
      const options = command.optsWithGlobals<Options & GlobalOptions>();
      if (isDrawingFormat(options.output) && !draws) throw nothingToDraw(options.output);
      await this.print(await run(options, ...commandArguments<Arguments>(received)), options);
    };
  }

  /**
   * As {@link action}, for commands that print while they run, until they are interrupted: `run` gets the options, what
   * to print with, then the command's arguments, and returns the exit code.
   */
  streamAction<Options, Arguments extends readonly unknown[]>(
    run: (options: Options & GlobalOptions, printer: StreamPrinter, ...args: Arguments) => Promise<ExitCode>,
  ): (...args: unknown[]) => Promise<void> {
    return async (...received) => {
      const command = received.at(-1) as Command;
      const options = command.optsWithGlobals<Options & GlobalOptions>();
      if (isDrawingFormat(options.output)) throw nothingToDraw(options.output);
      const { StreamPrinter } = await import('../output/stream-printer.ts');
      const printer = new StreamPrinter(this.io, options);
      this.exitCode = await run(options, printer, ...commandArguments<Arguments>(received));
    };
  }

  async print(result: CommandResult, options: Pick<GlobalOptions, 'output' | 'color'>): Promise<void> {
    for (const warning of result.warnings ?? []) this.io.writeError(`warning: ${warning}\n`);
    const text = await this.#render(result, options);
    if (text !== '') this.io.writeOut(text);
    for (const line of result.diagnostics ?? []) this.io.writeError(`${line}\n`);
    this.exitCode = result.exitCode ?? EXIT_CODE.ok;
  }

  async #render(result: CommandResult, { output, color }: Pick<GlobalOptions, 'output' | 'color'>): Promise<string> {
    const layout = { width: this.io.columns, style: styleFor(this.io, color) };
    switch (output) {
      case 'json':
        return `${JSON.stringify(result.data, undefined, 2)}\n`;
      case 'yaml':
        return result.yaml?.() ?? (await import('../output/yaml-text.ts')).yamlText(result.data);
      case 'name':
        return result.names === undefined
          ? result.text(layout, false)
          : result.names.map((name) => `${name}\n`).join('');
      case 'dot':
      case 'svg': {
        if (result.drawings === undefined) throw nothingToDraw(output);
        return result.drawings[output]();
      }
      case 'table':
      case 'wide':
        return result.text(layout, output === 'wide');
    }
  }
}

function nothingToDraw(format: DrawingFormat): FabricError {
  return new FabricError(
    'usage.output',
    `-o ${format} is for \`fabricctl policy graph\`; use table, wide, name, json or yaml here`,
  );
}

/**
 * The command's own arguments of what commander hands to an action: these, the options, the command. Commander types none
 * of them; that they are as many as the command declares is checked by commander before it calls.
 */
function commandArguments<Arguments extends readonly unknown[]>(received: readonly unknown[]): Arguments {
  return received.slice(0, -2) as unknown as Arguments;
}
