import type { BgpCapturedMessage } from '@slash32/shared';
import type { TextStyle } from './text-style.ts';

/** Values of a field that are shown; an UPDATE may have thousands of prefixes. `-o json` has them all. */
const SHOWN_VALUES = 10;

/** A message on one line, its fields below it. */
export function messageText(captured: BgpCapturedMessage, style: TextStyle): string {
  const { wallMs, peer, direction, message, fields, octets } = captured;
  const length = Buffer.byteLength(octets, 'base64');
  const at = new Date(wallMs).toISOString();
  const head = `${at} ${peer} ${direction === 'sent' ? 'sent    ' : 'received'}`;
  const tone = message === 'NOTIFICATION' ? 'bad' : 'heading';
  const width = Math.max(0, ...fields.map(({ name }) => name.length));
  return [
    `${head} ${style(tone, message)}, ${length} octets`,
    ...fields.map(({ name, values }) => `    ${name.padEnd(width)}  ${valuesText(values)}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function valuesText(values: readonly string[]): string {
  const shown = values.slice(0, SHOWN_VALUES).join(', ');
  return values.length > SHOWN_VALUES ? `${shown}, and ${values.length - SHOWN_VALUES} more` : shown;
}
