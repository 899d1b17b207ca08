/**
 * The part of shared that needs no library, as `@slash32/shared/core`: for worker threads, which load their own copy of
 * all that they import. The whole takes 45 MB and a quarter of a second of processor time.
 */
export * from './address/ip-address.ts';
export * from './errors/fabric-error.ts';
export * from './time/clock.ts';
export * from './time/system-clock.ts';
