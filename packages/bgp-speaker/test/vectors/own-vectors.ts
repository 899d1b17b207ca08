import { ATTRIBUTE_ROWS } from './rows-attribute.ts';
import { HEADER_ROWS } from './rows-header.ts';
import { NLRI_ROWS } from './rows-nlri.ts';
import { OPEN_ROWS } from './rows-open.ts';
import type { Vector } from './vector.ts';

/** Rows of our own, from the texts of the RFCs, for what the collected ones leave out. */
export const OWN_VECTORS: readonly Vector[] = [...ATTRIBUTE_ROWS, ...NLRI_ROWS, ...OPEN_ROWS, ...HEADER_ROWS];
