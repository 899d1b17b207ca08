import { FabricError } from '@slash32/shared';

/** Stops watching a descriptor; must be called before the descriptor is closed. */
export interface DescriptorWatch {
  close(): void;
}

/**
 * The functions of the C library that netlink needs, called in our thread. Those that return a negative number tell why
 * by `errno`, which must be read before any other call. Memory that is handed over is used during the call only.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array, length: number): number;
  setsockopt(descriptor: number, level: number, option: number, value: Uint8Array, length: number): number;
  send(descriptor: number, octets: Uint8Array, length: number, flags: number): number;
  /** As `send`, in another thread; tells the result, but no `errno`. */
  sendAside(descriptor: number, octets: Uint8Array, length: number, flags: number): Promise<number>;
  recv(descriptor: number, buffer: Uint8Array, length: number, flags: number): number;
  close(descriptor: number): number;
  /** 0 if there is no interface of that name. */
  interfaceIndex(name: string): number;
  /** Writes the name and a NUL into `buffer` (at least 16 octets); false if there is no interface of that index. */
  interfaceName(index: number, buffer: Uint8Array): boolean;
  errno(): number;
  errorText(errno: number): string;
  /** Calls `onReadable` whenever the descriptor has something to read. Keeps no process alive. */
  watchReadable(descriptor: number, onReadable: () => void): DescriptorWatch;
}

const importKoffi = () => import('koffi');

/**
 * Throws `netlink.unavailable` where there is no Linux, or no build of the foreign-function library for it. The library
 * is imported here, not when this module is, so that its absence is told in our words.
 */
export async function loadLibc(importLibrary = importKoffi, platform = process.platform): Promise<Libc> {
  if (platform !== 'linux') throw unavailable(platform, new Error('netlink exists in Linux only'));
  try {
    const { default: koffi } = await importLibrary();
    const library = koffi.load(null);
    const send = library.func('long send(int, const void *, size_t, int)');
    const interfaceName = library.func('void *if_indextoname(unsigned int, void *)');
    return {
      socket: library.func('int socket(int, int, int)'),
      bind: library.func('int bind(int, const void *, uint32_t)'),
      setsockopt: library.func('int setsockopt(int, int, int, const void *, uint32_t)'),
      send,
      sendAside: (descriptor, octets, length, flags) =>
        new Promise((resolve, reject) => {
          send.async(descriptor, octets, length, flags, (error: unknown, sent: number) =>
            error === null || error === undefined ? resolve(sent) : reject(error),
          );
        }),
      recv: library.func('long recv(int, void *, size_t, int)'),
      close: library.func('int close(int)'),
      interfaceIndex: library.func('unsigned int if_nametoindex(const char *)'),
      interfaceName: (index, buffer) => interfaceName(index, buffer) !== null,
      errno: () => koffi.errno(),
      errorText: library.func('const char *strerror(int)'),
      watchReadable(descriptor, onReadable) {
        // The library calls back outside of node's own callback scope, where neither promises nor errors are tended to.
        // Waiting for an immediate, which is inside of one, would take a tenth of the time that a route has to the wire;
        // so the immediate of the same turn of the event loop is only for promises and errors.
        const handle = koffi.node.poll(descriptor, { readable: true }, () => {
          try {
            onReadable();
            setImmediate(nothing);
          } catch (error) {
            setImmediate(() => {
              throw error;
            });
          }
        });
        handle.unref();
        return { close: () => handle.close() };
      },
    };
  } catch (error) {
    throw unavailable(platform, error);
  }
}

function nothing(): void {}

function unavailable(system: string, cause: unknown): FabricError {
  const platform = `${system}-${process.arch}`;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FabricError(
    'netlink.unavailable',
    `netlink cannot be used on ${platform}: ${reason}; run on Linux with the package @koromix/koffi-${platform} installed`,
    { details: { platform, reason }, cause },
  );
}
