import { attribute, MP_REACH, ROUTE, ROUTE6, updateRow } from './row-builder.ts';
import type { Vector, VectorExpectation } from './vector.ts';

const WITHDRAW: VectorExpectation = { action: 'treat-as-withdraw' };
const ACCEPT: VectorExpectation = { action: 'accept' };
/** RFC 7606 5.3 and 7.11: the choice is the speaker's. */
const RESET_OR_DISABLE: VectorExpectation = { action: 'session-reset-or-afi-safi-disable' };
const reset = (subcode: number): VectorExpectation => ({ action: 'notification', code: 3, subcode });

const GLOBAL = '20010db8000000000000000000000001';
const LINK_LOCAL = 'fe800000000000000000000000000001';
const NLRI6 = '3020010db80201';
const mpReach = (value: string, flags = 0x80): string => attribute(flags, 14, value);
const mpUnreach = (value: string): string => attribute(0x80, 15, value);

/** MP_REACH_NLRI alone, without NEXT_HOP and NLRI field. */
function reach(id: string, value: string, expect: VectorExpectation, routes: readonly string[] = [ROUTE6]): Vector {
  return updateRow(`mp-reach/${id}`, 'ebgp', { with: mpReach(value), without: 3, announced: '' }, expect, routes);
}

function unreach(id: string, value: string, expect: VectorExpectation, routes: readonly string[] = []): Vector {
  return updateRow(`mp-unreach/${id}`, 'ebgp', { attributes: mpUnreach(value), announced: '' }, expect, routes);
}

const REACH_ROWS: readonly Vector[] = [
  reach('good', `000201 10 ${GLOBAL} 00 ${NLRI6}`, { action: 'accept', decoded: { nextHop: '2001:db8::1' } }),
  reach('reserved-octet', `000201 10 ${GLOBAL} ff ${NLRI6}`, ACCEPT),
  reach('no-nlri', `000201 10 ${GLOBAL} 00`, ACCEPT, []),
  reach('length-0', '', RESET_OR_DISABLE, []),
  reach('length-2', '0002', RESET_OR_DISABLE, []),
  reach('family-only', '000201', RESET_OR_DISABLE, []),
  reach('next-hop-length-only', '00020110', RESET_OR_DISABLE, []),
  reach('next-hop-length-0', `000201 00 00 ${NLRI6}`, RESET_OR_DISABLE, []),
  reach('next-hop-length-4', `000201 04 0a000002 00 ${NLRI6}`, RESET_OR_DISABLE, []),
  reach('next-hop-length-15', `000201 0f ${GLOBAL.slice(2)} 00 ${NLRI6}`, RESET_OR_DISABLE, []),
  reach('next-hop-length-24', `000201 18 0000000000000000${GLOBAL} 00 ${NLRI6}`, RESET_OR_DISABLE, []),
  reach('next-hop-overrun', `000201 ff ${GLOBAL} 00 ${NLRI6}`, RESET_OR_DISABLE, []),
  reach('next-hop-two', `000201 20 ${GLOBAL}${LINK_LOCAL} 00 ${NLRI6}`, {
    action: 'accept',
    decoded: { nextHop: ['2001:db8::1', 'fe80::1'] },
  }),
  reach('next-hop-multicast', `000201 10 ff020000000000000000000000000001 00 ${NLRI6}`, WITHDRAW),
  reach('next-hop-unspecified', `000201 10 ${'00'.repeat(16)} 00 ${NLRI6}`, WITHDRAW),
  reach('next-hop-loopback', `000201 10 ${'00'.repeat(15)}01 00 ${NLRI6}`, WITHDRAW),
  reach('nlri-length-129', `000201 10 ${GLOBAL} 00 81${'20'.repeat(17)}`, RESET_OR_DISABLE, []),
  reach('nlri-length-255', `000201 10 ${GLOBAL} 00 ff`, RESET_OR_DISABLE, []),
  reach('nlri-cut-off', `000201 10 ${GLOBAL} 00 4020010db8`, RESET_OR_DISABLE, []),
  reach('nlri-good-then-cut-off', `000201 10 ${GLOBAL} 00 ${NLRI6} 40`, RESET_OR_DISABLE, []),
  reach('default-route', `000201 10 ${GLOBAL} 00 00`, ACCEPT, ['::/0']),
  reach('ipv4-unicast', '000101 04 0a000002 00 200ac90001', ACCEPT, [ROUTE]),
  reach('ipv4-unicast-over-ipv6', `000101 10 ${GLOBAL} 00 200ac90001`, RESET_OR_DISABLE, []),
  ...(
    [
      ['multicast', '000202'],
      ['labelled', '000204'],
      ['vpn', '000280'],
      ['flow-specification', '000185'],
      ['evpn', '001946'],
      ['link-state', '400447'],
      ['reserved', '000000'],
    ] as const
  ).map(([name, family]) =>
    reach(`other-family-${name}`, `${family} 00 00 ffffff`, { action: 'accept', alt: '3/9' }, []),
  ),
  updateRow(
    'mp-reach/wrong-flags',
    'ebgp',
    { with: mpReach(`000201 10 ${GLOBAL} 00 ${NLRI6}`, 0xc0), without: 3, announced: '' },
    WITHDRAW,
    [ROUTE6],
  ),
  updateRow('mp-reach/not-first', 'ebgp', { with: MP_REACH }, ACCEPT, [ROUTE, ROUTE6]),
  updateRow('mp-reach/twice', 'ebgp', { with: MP_REACH + MP_REACH, without: 3, announced: '' }, reset(1), []),
  updateRow(
    'mp-reach/missing-origin',
    'ibgp',
    { attributes: `400200 40050400000064 ${MP_REACH}`, announced: '' },
    WITHDRAW,
    [ROUTE6],
  ),
  updateRow('mp-reach/missing-as-path', 'ebgp', { attributes: `40010100 ${MP_REACH}`, announced: '' }, WITHDRAW, [
    ROUTE6,
  ]),
  updateRow('mp-reach/family-not-negotiated', 'ipv4Only', { with: MP_REACH }, ACCEPT, [ROUTE]),
];

const UNREACH_ROWS: readonly Vector[] = [
  unreach('good', `000201 ${NLRI6}`, { action: 'withdraw' }, [ROUTE6]),
  unreach('end-of-rib', '000201', { action: 'eor', family: 'ipv6-unicast' }),
  unreach('end-of-rib-ipv4', '000101', { action: 'eor', family: 'ipv4-unicast' }),
  unreach('end-of-rib-other-family', '001946', ACCEPT),
  unreach('length-0', '', RESET_OR_DISABLE),
  unreach('length-2', '0002', RESET_OR_DISABLE),
  unreach('nlri-length-129', `000201 81${'20'.repeat(17)}`, RESET_OR_DISABLE),
  unreach('nlri-cut-off', '000201 4020010db8', RESET_OR_DISABLE),
  unreach('ipv4-unicast', '000101 200ac90001', { action: 'withdraw' }, [ROUTE]),
  unreach('other-family', '001946 ffffff', { action: 'accept', alt: '3/9' }),
  updateRow(
    'mp-unreach/twice',
    'ebgp',
    { attributes: mpUnreach(`000201 ${NLRI6}`).repeat(2), announced: '' },
    reset(1),
    [],
  ),
  updateRow(
    'mp-unreach/beside-mp-reach-of-it',
    'ebgp',
    { with: MP_REACH + mpUnreach(`000201 ${NLRI6}`), without: 3, announced: '' },
    ACCEPT,
    [ROUTE6],
  ),
];

const FIELD_ROWS: readonly Vector[] = [
  updateRow('nlri/length-33', 'ebgp', { announced: '210ac9000100' }, reset(10), []),
  updateRow('nlri/length-255', 'ebgp', { announced: 'ff' }, reset(10), []),
  updateRow('nlri/cut-off-behind-a-good-one', 'ebgp', { announced: '200ac90001 18' }, reset(10), []),
  updateRow('nlri/one-octet-left', 'ebgp', { announced: '200ac9000120' }, reset(10), []),
  updateRow('nlri/twice', 'ebgp', { announced: '200ac90001200ac90001' }, ACCEPT),
  updateRow('nlri/trailing-bits', 'ebgp', { announced: '090aff' }, ACCEPT, ['10.128.0.0/9']),
  updateRow('nlri/martian-loopback', 'ebgp', { announced: '087f' }, WITHDRAW, ['127.0.0.0/8']),
  updateRow('nlri/martian-multicast', 'ebgp', { announced: '18e00000' }, WITHDRAW, ['224.0.0.0/24']),
  updateRow(
    'withdrawn/good',
    'ebgp',
    { withdrawn: '200ac90001', attributes: '', announced: '' },
    { action: 'withdraw' },
  ),
  updateRow('withdrawn/with-attributes', 'ebgp', { withdrawn: '200ac90001', announced: '' }, { action: 'withdraw' }),
  updateRow(
    'withdrawn/length-255',
    'ebgp',
    { withdrawn: 'ff', attributes: '', announced: '' },
    { action: 'notification', code: 3 },
    [],
  ),
  updateRow(
    'withdrawn/cut-off',
    'ebgp',
    { withdrawn: '200ac9', attributes: '', announced: '' },
    { action: 'notification', code: 3 },
    [],
  ),
  updateRow('withdrawn/and-announced', 'ebgp', { withdrawn: '200ac90001' }, ACCEPT),
  updateRow('withdrawn/and-malformed', 'ebgp', { withdrawn: '200ac90001', with: attribute(0xc0, 8, '') }, WITHDRAW),
  updateRow('update/attributes-only', 'ebgp', { announced: '' }, ACCEPT, []),
];

/** Path Identifier 1 and {@link ROUTE}. */
const ID_NLRI = '00000001200ac90001';
const ID_NLRI6 = `00000001${NLRI6}`;

/** Sessions with Path Identifiers (RFC 7911). */
const ADD_PATH_ROWS: readonly Vector[] = [
  updateRow('add-path/good', 'addPath', { announced: ID_NLRI }, ACCEPT),
  updateRow('add-path/two-paths', 'addPath', { announced: `${ID_NLRI}00000002200ac90001` }, ACCEPT),
  updateRow('add-path/identifier-0', 'addPath', { announced: '00000000200ac90001' }, ACCEPT),
  updateRow(
    'add-path/withdrawn',
    'addPath',
    { withdrawn: ID_NLRI, attributes: '', announced: '' },
    { action: 'withdraw' },
  ),
  updateRow('add-path/malformed', 'addPath', { with: attribute(0xc0, 8, ''), announced: ID_NLRI }, WITHDRAW),
  updateRow('add-path/without-identifier', 'addPath', { announced: '200ac90001' }, reset(10), []),
  updateRow('add-path/identifier-cut-off', 'addPath', { announced: `${ID_NLRI}000000` }, reset(10), []),
  updateRow('add-path/identifier-alone', 'addPath', { announced: `${ID_NLRI}00000002` }, reset(10), []),
  updateRow('add-path/length-33', 'addPath', { announced: '00000001210ac9000100' }, reset(10), []),
  updateRow(
    'add-path/mp-reach',
    'addPath',
    { with: mpReach(`000201 10 ${GLOBAL} 00 ${ID_NLRI6}`), without: 3, announced: '' },
    ACCEPT,
    [ROUTE6],
  ),
  updateRow(
    'add-path/mp-unreach',
    'addPath',
    { attributes: mpUnreach(`000201 ${ID_NLRI6}`), announced: '' },
    { action: 'withdraw' },
    [ROUTE6],
  ),
  updateRow(
    'add-path/mp-reach-cut-off',
    'addPath',
    { with: mpReach(`000201 10 ${GLOBAL} 00 00000001`), without: 3, announced: '' },
    RESET_OR_DISABLE,
    [],
  ),
  updateRow(
    'add-path/end-of-rib',
    'addPath',
    { attributes: mpUnreach('000201'), announced: '' },
    { action: 'eor' },
    [],
  ),
];

export const NLRI_ROWS: readonly Vector[] = [...REACH_ROWS, ...UNREACH_ROWS, ...FIELD_ROWS, ...ADD_PATH_ROWS];
