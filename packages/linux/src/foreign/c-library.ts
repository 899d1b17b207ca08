import { createRequire } from 'node:module';
import { FabricError } from '@slash32/shared/core';
import type Koffi from 'koffi';

type KoffiModule = typeof Koffi;

/** The C library of this process, and the foreign-function library that calls it. */
export interface CLibrary {
  readonly koffi: KoffiModule;
  /** Declares a function by its C prototype. */
  func(prototype: string): ReturnType<ReturnType<KoffiModule['load']>['func']>;
}

/**
 * Throws `FabricError` `foreign.unavailable` where there is no Linux, no 64-bit memory model (structures are laid out
 * by hand), or no build of the foreign-function library.
 */
export function openCLibrary(): CLibrary {
  try {
    if (process.platform !== 'linux') throw new Error('this needs Linux');
    const koffi = createRequire(import.meta.url)('koffi') as KoffiModule;
    if (koffi.sizeof('void *') !== 8) throw new Error('this needs a 64-bit machine');
    const library = koffi.load(null);
    return { koffi, func: (prototype) => library.func(prototype) };
  } catch (cause) {
    const platform = `${process.platform}-${process.arch}`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FabricError(
      'foreign.unavailable',
      `functions of the C library cannot be called on ${platform}: ${reason}; run on 64-bit Linux with the package @koromix/koffi-${platform} installed`,
      { details: { platform, reason }, cause },
    );
  }
}
