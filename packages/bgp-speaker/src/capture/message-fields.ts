import type { BgpMessageField } from '@slash32/shared';
import {
  type CodecContext,
  type DecodedUpdate,
  decodeMessage,
  formatAttributes,
  formatCapability,
  formatNotification,
  MESSAGE_TYPE,
  messageType,
  type NextHop,
  type NlriBlock,
  type OpenMessage,
  openAsNumber,
  prefixKeyToText,
} from '../codec/index.ts';
import { readingContext } from '../observe/observed-update.ts';
import type { MessageDirection } from '../observe/speaker-observer.ts';

/** A message for people. */
export interface DescribedMessage {
  /** As in its RFC: `UPDATE`. */
  readonly name: string;
  readonly fields: readonly BgpMessageField[];
}

const MESSAGE_NAMES: Readonly<Record<number, string>> = {
  [MESSAGE_TYPE.open]: 'OPEN',
  [MESSAGE_TYPE.update]: 'UPDATE',
  [MESSAGE_TYPE.notification]: 'NOTIFICATION',
  [MESSAGE_TYPE.keepalive]: 'KEEPALIVE',
  [MESSAGE_TYPE.routeRefresh]: 'ROUTE-REFRESH',
};

/** What a whole, framed message says; `context`: of the session, absent before it has one. */
export function describeMessage(
  octets: Uint8Array,
  context: CodecContext | undefined,
  direction: MessageDirection,
): DescribedMessage {
  const type = messageType(octets);
  const name = MESSAGE_NAMES[type] ?? `type ${type}`;
  const decoded = decodeMessage({ type, octets }, readingContext(context, direction));
  if (!decoded.ok) return { name, fields: [field('Error', decoded.reason)] };
  const message = decoded.value;
  switch (message.type) {
    case 'open':
      return { name, fields: openFields(message.open) };
    case 'update':
      return { name, fields: updateFields(message.update) };
    case 'notification':
      return { name, fields: [field('Error', formatNotification(message.notification))] };
    case 'keepalive':
      return { name, fields: [] };
    case 'route-refresh': {
      const { family, afi, safi, subtype } = message.routeRefresh;
      return { name, fields: [field('Family', family ?? `AFI ${afi} SAFI ${safi}`), field('Subtype', subtype)] };
    }
  }
}

function openFields(open: OpenMessage): readonly BgpMessageField[] {
  return [
    field('AS', String(openAsNumber(open))),
    field('Hold time', `${open.holdTimeSeconds} s`),
    field('BGP Identifier', open.routerId),
    { name: 'Capabilities', values: open.capabilities.map(formatCapability) },
  ];
}

function updateFields(update: DecodedUpdate): readonly BgpMessageField[] {
  return [
    ...(update.endOfRib === undefined ? [] : [field('End-of-RIB', update.endOfRib)]),
    ...update.withdrawn.map((block) => ({ name: `Withdrawn ${block.family}`, values: prefixTexts(block) })),
    ...(update.reachable.length === 0
      ? []
      : formatAttributes(update.attributes).map(({ name, value }) => field(name, value))),
    ...update.reachable.flatMap((block) => [
      field('NEXT_HOP', nextHopText(block.nextHop)),
      { name: `Reachable ${block.family}`, values: prefixTexts(block) },
    ]),
    ...update.errors.map(({ action, attribute, reason }) => field('Error', `${attribute} ${reason}: ${action}`)),
  ];
}

function prefixTexts({ prefixes, pathIds }: NlriBlock): readonly string[] {
  return prefixes.map((key, index) => {
    const pathId = pathIds?.[index];
    return pathId === undefined ? prefixKeyToText(key) : `${prefixKeyToText(key)} path ${pathId}`;
  });
}

function nextHopText({ address, linkLocal }: NextHop): string {
  return linkLocal === undefined ? address : `${address} ${linkLocal}`;
}

function field(name: string, value: string): BgpMessageField {
  return { name, values: [value] };
}
