import type { BgpNeighborBfd } from '@slash32/shared';
import type { TextStyle, Tone } from './text-style.ts';

/** Lines about a neighbor's BFD session: name, and text where there is something to say. */
export function bfdFields(
  bfd: BgpNeighborBfd | undefined,
  style: TextStyle,
): readonly (readonly [string, string | undefined])[] {
  if (bfd === undefined) return [];
  const { state, remoteState, detectionMs, transmitMs, multihop, lastDown, packets, problem } = bfd;
  const facts = [
    `${style(bfdTone(bfd), state)} (router ${remoteState})`,
    multihop ? 'multihop' : 'single hop',
    ...(detectionMs === undefined ? [] : [`detection ${detectionMs}ms`]),
    ...(transmitMs === undefined ? [] : [`sent every ${transmitMs}ms`]),
  ];
  const counts = [
    `${packets.sent} sent`,
    `${packets.received} received`,
    ...(packets.discarded === 0 ? [] : [`${packets.discarded} discarded`]),
    ...(packets.hopLimitDiscarded === 0 ? [] : [`${packets.hopLimitDiscarded} from more than one hop away`]),
  ];
  return [
    ['BFD', facts.join(', ')],
    ['BFD packets', counts.join(', ')],
    ['BFD last down', lastDown && `${lastDown.at}: ${lastDown.reason}`],
    ['BFD problem', problem],
  ];
}

export function bfdTone({ state }: BgpNeighborBfd): Tone {
  return state === 'Up' ? 'good' : 'bad';
}
