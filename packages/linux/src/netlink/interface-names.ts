import type { Libc } from './libc.ts';

const IFNAMSIZ = 16;

/** Asks the kernel which index an interface's name has at this moment, and the reverse; nothing is remembered. */
export class InterfaceNames {
  readonly #libc: Libc;
  readonly #buffer = Buffer.alloc(IFNAMSIZ);

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** `undefined` if there is no such interface. */
  indexOf(name: string): number | undefined {
    if (!isDeviceName(name)) return undefined;
    const index = this.#libc.interfaceIndex(name);
    return index === 0 ? undefined : index;
  }

  nameOf(index: number): string | undefined {
    if (!this.#libc.interfaceName(index, this.#buffer)) return undefined;
    return this.#buffer.toString('utf8', 0, this.#buffer.indexOf(0));
  }
}

/**
 * True for what Linux takes as a name (dev_valid_name). What it does not take must not reach the C library, which ends
 * names at a NUL and drops what follows a colon, and so would find another interface.
 */
export function isDeviceName(name: string): boolean {
  return /^[^\s/:\0]+$/.test(name) && name !== '.' && name !== '..' && Buffer.byteLength(name) < IFNAMSIZ;
}

/** Asks once for each key; for the length of one listing or one request, during which nothing is expected to change. */
export function remembered<Key, Value>(ask: (key: Key) => Value): (key: Key) => Value {
  const answers = new Map<Key, { readonly answer: Value }>();
  return (key) => {
    const known = answers.get(key);
    if (known !== undefined) return known.answer;
    const answer = ask(key);
    answers.set(key, { answer });
    return answer;
  };
}

/** Why a change fails that names an interface that is not there. */
export function absentDevice(name: string): string {
  return `device ${name} does not exist`;
}
