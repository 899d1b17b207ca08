import { type Direction, type Mode, NAMES } from '../ir/names.ts';
import { ACCEPT, goto, type Statement } from '../ir/rule.ts';

/** What a rule that allows does: a flow is also marked as having passed this end. */
export function passStatement(mode: Mode, direction: Direction): Statement {
  return mode === 'flow' ? goto(NAMES.passes[direction]) : ACCEPT;
}
