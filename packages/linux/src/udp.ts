/** Datagram sockets alone, as `@slash32/linux/udp`: for worker threads, which load their own copy of all that they import. */
export * from './foreign/thread-priority.ts';
export * from './udp/udp-socket.ts';
