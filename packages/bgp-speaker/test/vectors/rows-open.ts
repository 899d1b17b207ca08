import { messageRow, type SessionName } from './row-builder.ts';
import type { Vector, VectorExpectation } from './vector.ts';

const ACCEPT: VectorExpectation = { action: 'accept' };
const refuse = (subcode: number): VectorExpectation => ({ action: 'notification', code: 2, subcode });

const AS = 'fde9';
const HOLD = '005a';
const ID = '0a000002';
const MP4 = '010400010001';
const AS4 = '41040000fde9';

/** Optional parameters with their length of one octet. */
function parameters(octets: string): string {
  return (octets.length / 2).toString(16).padStart(2, '0') + octets;
}

/** One optional parameter of type 2 around capabilities. */
function capabilities(octets: string): string {
  return parameters(`02${(octets.length / 2).toString(16).padStart(2, '0')}${octets}`);
}

/** The extended form (RFC 9072) around one parameter of type 2; `head`: the length of the short form. */
function extended(octets: string, head = 'ff'): string {
  const length = octets.length / 2;
  const two = (value: number): string => value.toString(16).padStart(4, '0');
  return `${head}ff${two(length + 3)}02${two(length)}${octets}`;
}

function open(id: string, tail: string, expect: VectorExpectation, session: SessionName = 'ebgp'): Vector {
  return messageRow(`open/${id}`, 'open', 1, `04${session === 'ibgp' ? 'fc00' : AS}${HOLD}${ID}${tail}`, expect, {
    session,
  });
}

/** Fixed fields in place of the usual ones. */
function fixed(id: string, body: string, expect: VectorExpectation, session: SessionName = 'ebgp'): Vector {
  return messageRow(`open/${id}`, 'open', 1, body, expect, { session });
}

const FIXED_ROWS: readonly Vector[] = [
  fixed('version-0', `00${AS}${HOLD}${ID}00`, { ...refuse(1), data: '0004' }),
  fixed('version-255', `ff${AS}${HOLD}${ID}00`, { ...refuse(1), data: '0004' }),
  fixed('as-trans-without-capability', `045ba0${HOLD}${ID}00`, refuse(2)),
  fixed('hold-65535', `04${AS}ffff${ID}00`, ACCEPT),
  fixed('identifier-all-ones', `04${AS}${HOLD}ffffffff00`, ACCEPT),
  fixed('identifier-of-ours-ibgp', `04fc00${HOLD}0a00000100`, refuse(3), 'ibgp'),
  fixed('identifier-zero-ibgp', `04fc00${HOLD}0000000000`, refuse(3), 'ibgp'),
  fixed('as-of-another-ibgp', `04${AS}${HOLD}${ID}00`, refuse(2), 'ibgp'),
];

const PARAMETER_ROWS: readonly Vector[] = [
  open('parameter-empty', parameters('0200'), ACCEPT),
  open('parameters-two', parameters(`0206${MP4}0206${AS4}`), ACCEPT),
  open('parameter-type-0', parameters('0000'), refuse(4)),
  open('parameter-type-255-short', parameters('ff00'), refuse(0)),
  open('parameter-length-cut-off', parameters('02'), refuse(0)),
  open('parameter-overrun', parameters('0210010400010001'), refuse(0)),
  open('capability-code-only', capabilities('01'), refuse(0)),
  open('capability-overrun', capabilities('0108000100'), refuse(0)),
  open('capability-overrun-into-next-parameter', parameters(`02030104000206${AS4}`), refuse(0)),
  open('extended', extended(MP4 + AS4), ACCEPT),
  open('extended-length-not-255', extended(MP4 + AS4, '01'), ACCEPT),
  open('extended-length-0', extended(MP4 + AS4, '00'), refuse(0)),
  open('extended-length-cut-off', 'ffff00', refuse(0)),
  open('extended-length-short', `ffff000102000c${MP4}${AS4}`, refuse(0)),
  open('extended-parameter-overrun', `ffff000f0200ff${MP4}${AS4}`, refuse(0)),
  open('extended-long', extended(`${MP4}${AS4}ffff${'00'.repeat(255)}`), ACCEPT),
];

const CAPABILITY_ROWS: readonly Vector[] = [
  ...(
    [
      ['multiprotocol-length-0', '0100'],
      ['multiprotocol-length-5', '010500010001ff'],
      ['multiprotocol-unknown-family', '010440040047'],
      ['multiprotocol-reserved-octet', '01040001ff01'],
      ['route-refresh-length-1', '020100'],
      ['extended-next-hop-length-5', '05050001000100'],
      ['extended-message-length-1', '060100'],
      ['role-length-0', '0900'],
      ['role-value-255', '0901ff'],
      ['graceful-restart-length-0', '4000'],
      ['graceful-restart-length-1', '400100'],
      ['graceful-restart-length-3', '4003007800'],
      ['graceful-restart-families-none', '40020078'],
      ['add-path-length-3', '4503000101'],
      ['add-path-direction-0', '450400010100'],
      ['add-path-direction-255', '4504000101ff'],
      ['enhanced-route-refresh-length-4', '460400000000'],
      ['long-lived-length-6', '4706000101800000'],
      ['hostname-cut-off', '490105'],
      ['hostname-not-utf8', '490401ffff00'],
      ['software-version-empty', '4b00'],
      ['code-0', '0000'],
      ['code-255', 'ff03010203'],
      ['cisco-route-refresh', '8000'],
      ['cisco-multisession', '8304aabbccdd'],
      ['four-octet-as-twice', AS4 + AS4],
    ] as const
  ).map(([name, octets]) => open(`capability-${name}`, capabilities(MP4 + AS4 + octets), ACCEPT)),
  open('capability-four-octet-as-length-0', capabilities('4100'), refuse(0)),
  open('capability-four-octet-as-length-5', capabilities('41050000fde900'), refuse(0)),
  open('capability-four-octet-as-of-another', capabilities('41040000fdea'), refuse(2)),
  open('no-family-of-ours', capabilities(`010400190046${AS4}`), { action: 'accept', alt: '2/7' }),
];

export const OPEN_ROWS: readonly Vector[] = [...FIXED_ROWS, ...PARAMETER_ROWS, ...CAPABILITY_ROWS];
