import type { Shape } from '../traffic/rule-shapes.ts';

/** Rules of the whole host, in groups of ten, one group to an instance. */
export const HOST_RULES = [1_000, 100_000] as const;
/** Rules of the one group that has a shape. */
export const SHAPED_RULES = 10_000;

/** One compilation. */
export interface CompileCost {
  readonly rules: number;
  /** From the model to all changes for an empty kernel; median. */
  readonly scratchMs: number;
  /** One rule of one group differs: from the model's change to the changes for the kernel; median. */
  readonly changeMs: number;
}

export interface CompileResult {
  readonly host: readonly CompileCost[];
  readonly shapes: readonly (CompileCost & { readonly shape: Shape })[];
}
