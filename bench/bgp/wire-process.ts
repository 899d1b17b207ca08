import { type ChildProcess, spawn } from 'node:child_process';
import type { Namespace } from '../lab/namespace.ts';

const TIMEOUT_MS = 60_000;

export type EventOf<Event extends { readonly event: string }, Name extends Event['event']> = Extract<
  Event,
  { readonly event: Name }
>;

/** A program of the bench in a process and namespace of its own, with commands to it and events from it. */
export class WireProcess<Command extends object, Event extends { readonly event: string }> implements Disposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Set<(event: Event) => void>();

  /**
   * `settings` are the program's first argument, as JSON. `isPrompt`: it has real-time priority, as a machine of its own
   * would, so that its lateness is not taken for the daemon's.
   */
  constructor(
    namespace: Namespace,
    program: string,
    settings: object,
    { onEvent, isPrompt = false }: { readonly onEvent?: (event: Event) => void; readonly isPrompt?: boolean } = {},
  ) {
    const priority = isPrompt ? ['chrt', '--rr', '1'] : [];
    const [command = 'ip', ...args] = [
      ...priority,
      'ip',
      'netns',
      'exec',
      namespace.name,
      process.execPath,
      program,
      JSON.stringify(settings),
    ];
    this.#child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message) => {
      const event = message as Event;
      onEvent?.(event);
      for (const listener of [...this.#waiting]) listener(event);
    });
  }

  tell(command: Command): void {
    this.#child.send(command);
  }

  /** The next event of that name; throws after `timeoutMs`. */
  next<Name extends Event['event']>(name: Name, timeoutMs = TIMEOUT_MS): Promise<EventOf<Event, Name>> {
    return new Promise((resolve, reject) => {
      const listener = (event: Event) => {
        if (event.event !== name) return;
        clearTimeout(timer);
        this.#waiting.delete(listener);
        resolve(event as EventOf<Event, Name>);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(listener);
        reject(new Error(`no "${name}" within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.add(listener);
    });
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}
