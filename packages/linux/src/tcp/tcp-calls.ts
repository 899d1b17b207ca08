import { openCLibrary } from '../foreign/c-library.ts';

/** Must be closed before its descriptor is. */
export interface DescriptorPoll {
  close(): void;
}

/** System calls around stream sockets. Negative results: the reason is in `errno`, to be read before the next call. */
export interface TcpCalls {
  socket(domain: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array, length: number): number;
  listen(descriptor: number, backlog: number): number;
  connect(descriptor: number, address: Uint8Array, length: number): number;
  /** `length`: four octets, in and out. */
  accept4(descriptor: number, address: Uint8Array, length: Uint8Array, flags: number): number;
  getsockname(descriptor: number, address: Uint8Array, length: Uint8Array): number;
  setsockopt(descriptor: number, level: number, option: number, value: Uint8Array, length: number): number;
  getsockopt(descriptor: number, level: number, option: number, value: Uint8Array, length: Uint8Array): number;
  send(descriptor: number, octets: Uint8Array, length: number, flags: number): number;
  close(descriptor: number): number;
  /** 0 if there is no interface of that name. */
  interfaceIndex(name: string): number;
  /** `undefined` if there is no interface of that index. */
  interfaceName(index: number): string | undefined;
  errno(): number;
  strerror(errno: number): string;
  /** Memory that does not move, for a structure that points at it. Its owner frees it. */
  pin(octets: Uint8Array): { readonly address: bigint; free(): void };
  /** Calls back in an ordinary turn of the event loop, again and again while the descriptor is ready. */
  poll(descriptor: number, until: 'readable' | 'writable', onReady: () => void): DescriptorPoll;
}

/** Octets of an interface name, its NUL included. */
const IF_NAMESIZE = 16;

let calls: TcpCalls | undefined;

/** One set of bindings for each thread. Throws `FabricError` `foreign.unavailable`. */
export function tcpCalls(): TcpCalls {
  calls ??= bindCalls();
  return calls;
}

function bindCalls(): TcpCalls {
  const { koffi, func } = openCLibrary();
  const interfaceName = func('void *if_indextoname(unsigned int, void *)');
  return {
    socket: func('int socket(int, int, int)'),
    bind: func('int bind(int, const void *, uint32_t)'),
    listen: func('int listen(int, int)'),
    connect: func('int connect(int, const void *, uint32_t)'),
    accept4: func('int accept4(int, void *, void *, int)'),
    getsockname: func('int getsockname(int, void *, void *)'),
    setsockopt: func('int setsockopt(int, int, int, const void *, uint32_t)'),
    getsockopt: func('int getsockopt(int, int, int, void *, void *)'),
    send: func('long send(int, const void *, size_t, int)'),
    close: func('int close(int)'),
    interfaceIndex: func('unsigned int if_nametoindex(const char *)'),
    interfaceName(index) {
      const octets = new Uint8Array(IF_NAMESIZE);
      if (interfaceName(index, octets) === null) return undefined;
      return new TextDecoder().decode(octets.subarray(0, octets.indexOf(0)));
    },
    errno: () => koffi.errno(),
    strerror: func('const char *strerror(int)'),
    pin(octets) {
      const pointer: unknown = koffi.alloc('uint8_t', octets.length);
      new Uint8Array(koffi.view(pointer, octets.length)).set(octets);
      return { address: koffi.address(pointer), free: () => koffi.free(pointer) };
    },
    poll(descriptor, until, onReady) {
      // The library calls back outside of node's own callback scope, where errors are lost; an immediate of the same
      // turn of the event loop is inside of one.
      let open = true;
      let waiting = false;
      const handle = koffi.node.poll(
        descriptor,
        { readable: until === 'readable', writable: until === 'writable' },
        () => {
          if (waiting) return;
          waiting = true;
          setImmediate(() => {
            waiting = false;
            if (open) onReady();
          });
        },
      );
      return {
        close() {
          open = false;
          handle.close();
        },
      };
    },
  };
}
