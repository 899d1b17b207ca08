import type { Clock } from '@slash32/shared';
import { finishTool } from '../process/run-tool.ts';
import type { Tool } from '../process/tool.ts';
import { ToolProcess } from '../process/tool-process.ts';

export interface IpBatchFailure {
  /** Which of the given lines. */
  readonly index: number;
  /** What `ip` or the kernel said, without prefixes. */
  readonly reason: string;
}

/** A word that is no object of `ip`: each such line is answered on standard error and so marks how far `ip` has come. */
const MARK = 'slash32-mark';

/** So that what one child does fits well into the time that it has. */
const CHILD_LIMIT_LINES = 50_000;

/** A fork takes milliseconds of both processors, so the next child is not started in the way of what follows a batch. */
const PREPARE_DELAY_MS = 15;

/**
 * Runs lines of `ip -batch`, one child per batch, started before it is needed (but for the first), so that a change
 * costs no fork. A child serves one batch only because `ip` remembers which index an interface name has: in a child that lives on, a tap that
 * was made anew under an old name would get the routes of its predecessor's index.
 */
export class IpBatch implements AsyncDisposable {
  readonly #tool: Tool;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #prepared: ToolProcess | undefined;
  #disposed = false;

  constructor(tool: Tool, options: { readonly clock: Clock; readonly timeoutMs: number }) {
    this.#tool = tool;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Runs all lines in order, whatever fails between them. Lines must be such that running one twice does no harm. */
  async run(lines: readonly string[]): Promise<readonly IpBatchFailure[]> {
    const failures: IpBatchFailure[] = [];
    for (let start = 0; start < lines.length; start += CHILD_LIMIT_LINES) {
      const part = await this.#runPart(lines.slice(start, start + CHILD_LIMIT_LINES));
      for (const { index, reason } of part) failures.push({ index: start + index, reason });
    }
    return failures;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#prepared?.[Symbol.asyncDispose]();
  }

  async #runPart(lines: readonly string[]): Promise<readonly IpBatchFailure[]> {
    const outcome = readOutcome(await this.#feed([...lines, MARK]), lines.length, false);
    if (outcome.ended) return outcome.failures;
    // Some commands of `ip` exit at a failure that others report (`neigh`): find the line by marks, go on behind it.
    const failures: IpBatchFailure[] = [];
    let start = 0;
    while (start < lines.length) {
      const rest = lines.slice(start);
      const marked = readOutcome(await this.#feed(rest.flatMap((line) => [line, MARK])), rest.length, true);
      for (const { index, reason } of marked.failures) failures.push({ index: start + index, reason });
      if (marked.ended) break;
      start += marked.reached + 1;
    }
    return failures;
  }

  async #feed(lines: readonly string[]): Promise<string> {
    const prepared = this.#prepared;
    const child = prepared?.running === true ? prepared : this.#start();
    this.#prepared = undefined;
    const input = `${lines.join('\n')}\n`;
    const finished = finishTool(child, { clock: this.#clock, timeoutMs: this.#timeoutMs, input });
    try {
      return (await finished).stderr;
    } finally {
      this.#clock.schedule(PREPARE_DELAY_MS, () => this.#prepare());
    }
  }

  #prepare(): void {
    if (!this.#disposed) this.#prepared ??= this.#start();
  }

  #start(): ToolProcess {
    return ToolProcess.start(this.#tool, ['-force', '-batch', '-']);
  }
}

interface Outcome {
  readonly failures: readonly IpBatchFailure[];
  /** True if the last mark was reached. */
  readonly ended: boolean;
  /** Lines before the one at which `ip` exited; meaningful in a marked batch only. */
  readonly reached: number;
}

/** Reads standard error: messages of a failure, then `Command failed -:LINE`; marks fail too, by intention. */
function readOutcome(stderr: string, lineCount: number, marked: boolean): Outcome {
  const failures: IpBatchFailure[] = [];
  let reached = 0;
  let messages: string[] = [];
  const lastMark = marked ? lineCount * 2 : lineCount + 1;
  let ended = false;
  for (const text of stderr.split('\n')) {
    const failedLine = /^Command failed -:(\d+)$/.exec(text)?.[1];
    if (failedLine === undefined) {
      if (text !== '') messages.push(text);
      continue;
    }
    const line = Number(failedLine);
    const isMark = marked ? line % 2 === 0 : line > lineCount;
    if (isMark) {
      reached = marked ? line / 2 : lineCount;
      ended = line === lastMark;
    } else {
      failures.push({ index: marked ? (line - 1) / 2 : line - 1, reason: reasonOf(messages) });
    }
    messages = [];
  }
  if (!ended && marked) failures.push({ index: reached, reason: reasonOf(messages) });
  return { failures, ended, reached };
}

function reasonOf(messages: readonly string[]): string {
  const words = messages.map((message) => message.replace(/^(?:RTNETLINK answers|Error): /, ''));
  return words.length === 0 ? 'refused without a reason' : words.join('; ');
}
