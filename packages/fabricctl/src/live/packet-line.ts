import { PROTOCOL_NUMBERS, type TracedPacket, type TracedRule } from '@slash32/shared';
import type { TextStyle, Tone } from '../output/text-style.ts';

const WORDS: Readonly<Record<TracedPacket['verdict'], { readonly word: string; readonly tone: Tone }>> = {
  pass: { word: 'PASS', tone: 'good' },
  drop: { word: 'DROP', tone: 'bad' },
  lost: { word: 'LOST', tone: 'warning' },
};
const OUR_TABLE = 'inet slash32';

/** `12:03:04.123  DROP  tap1 → tap2  udp 10.0.0.1:4000 → 10.0.0.2:9  no ingress rule of …`, local time. */
export function packetLine(packet: TracedPacket, style: TextStyle): string {
  const { word, tone } = WORDS[packet.verdict];
  const way = `${packet.in ?? 'host'} → ${packet.out ?? (packet.verdict === 'pass' ? 'host' : '-')}`;
  return [timeText(packet.at), style(tone, word), way, headersText(packet), reasonText(packet)].join('  ');
}

function headersText(packet: TracedPacket): string {
  const { source, destination, protocol, sourcePort, destinationPort, icmpType, icmpCode } = packet;
  const ends = `${endText(source, sourcePort)} → ${endText(destination, destinationPort)}`;
  const icmp = icmpType === undefined ? '' : ` type ${icmpType} code ${icmpCode ?? 0}`;
  return `${protocolName(protocol)}${icmp} ${ends}`;
}

function endText(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function protocolName(number: number): string {
  return Object.entries(PROTOCOL_NUMBERS).find(([, known]) => known === number)?.[0] ?? `proto${number}`;
}

/** The rules of groups that let it pass, or the one that ended it. */
function reasonText({ verdict, decided, policy }: TracedPacket): string {
  if (decided === undefined) return 'no route, no receiver, or the reverse path filter';
  if (verdict === 'pass' && policy.length > 0) return policy.map(ruleText).join('; ');
  return ruleText(decided);
}

function ruleText({ table, chain, rule }: TracedRule): string {
  if (rule === undefined) return `policy of chain ${chain}, table ${table}`;
  return table === OUR_TABLE ? rule : `${rule} (chain ${chain}, table ${table})`;
}

function timeText(atMs: number): string {
  const at = new Date(atMs);
  const pad = (value: number, length = 2): string => String(value).padStart(length, '0');
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`;
}
