import { openCLibrary } from '../foreign/c-library.ts';

/** Memory that does not move, with its address: for structures that point at others. */
export interface StableMemory {
  readonly pointer: unknown;
  readonly address: bigint;
  readonly octets: Uint8Array;
  free(): void;
}

/** Holding the handle holds the watch: it must be kept, and closed before the descriptor is. */
export interface ReadableWatch {
  close(): void;
}

/** System calls around datagram sockets. Negative results: the reason is in `errno`, to be read before the next call. */
export interface UdpCalls {
  socket(domain: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array, length: number): number;
  setsockopt(descriptor: number, level: number, option: number, value: Uint8Array, length: number): number;
  sendto(
    descriptor: number,
    octets: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number;
  recvmsg(descriptor: number, message: unknown, flags: number): number;
  close(descriptor: number): number;
  /** 0 if there is no interface of that name. */
  if_nametoindex(name: string): number;
  errno(): number;
  strerror(errno: number): string;
  allocate(octets: number): StableMemory;
  /** Calls back in an ordinary turn of this thread's event loop. Keeps no process alive. */
  watchReadable(descriptor: number, onReadable: () => void): ReadableWatch;
}

let calls: UdpCalls | undefined;

/** One set of bindings for each thread. Throws `FabricError` `foreign.unavailable`. */
export function udpCalls(): UdpCalls {
  calls ??= bindCalls();
  return calls;
}

function bindCalls(): UdpCalls {
  const { koffi, func } = openCLibrary();
  return {
    socket: func('int socket(int, int, int)'),
    bind: func('int bind(int, const void *, uint32_t)'),
    setsockopt: func('int setsockopt(int, int, int, const void *, uint32_t)'),
    sendto: func('long sendto(int, const void *, size_t, int, const void *, uint32_t)'),
    recvmsg: func('long recvmsg(int, void *, int)'),
    close: func('int close(int)'),
    if_nametoindex: func('unsigned int if_nametoindex(const char *)'),
    errno: () => koffi.errno(),
    strerror: func('const char *strerror(int)'),
    allocate(octets) {
      const pointer: unknown = koffi.alloc('uint8_t', octets);
      const memory = new Uint8Array(koffi.view(pointer, octets));
      memory.fill(0);
      return { pointer, address: koffi.address(pointer), octets: memory, free: () => koffi.free(pointer) };
    },
    watchReadable(descriptor, onReadable) {
      // The library calls back outside of node's own callback scope, where errors are lost; an immediate of the same
      // turn of the event loop is inside of one.
      let open = true;
      const handle = koffi.node.poll(descriptor, { readable: true }, () =>
        setImmediate(() => {
          if (open) onReadable();
        }),
      );
      handle.unref();
      return {
        close() {
          open = false;
          handle.close();
        },
      };
    },
  };
}
