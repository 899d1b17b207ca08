import { messageRow } from './row-builder.ts';
import type { Vector, VectorExpectation } from './vector.ts';

const ACCEPT: VectorExpectation = { action: 'accept' };
const CLOSE: VectorExpectation = { action: 'close' };
const header = (subcode: number, data: string): VectorExpectation => ({
  action: 'notification',
  code: 1,
  subcode,
  data,
});

const LENGTH_ROWS: readonly Vector[] = [
  messageRow('header/keepalive-18', 'header', 4, '', header(2, '0012'), { length: 18 }),
  messageRow('header/keepalive-4096', 'header', 4, '', header(2, '1000'), { length: 4096 }),
  messageRow('header/open-28', 'open', 1, '04fde9005a0a0000', header(2, '001c'), { length: 28 }),
  messageRow('header/open-4097', 'open', 1, '04fde9005a0a00000200', header(2, '1001'), { length: 4097 }),
  messageRow('header/update-19', 'header', 2, '', header(2, '0013')),
  messageRow('header/notification-19', 'header', 3, '', header(2, '0013')),
  messageRow('header/type-7', 'header', 7, '', header(3, '07')),
  messageRow('header/type-128', 'header', 128, '', header(3, '80')),
  messageRow('header/update-4097-not-negotiated', 'header', 2, '', header(2, '1001'), { length: 4097 }),
  messageRow('header/update-5000-negotiated', 'header', 2, `0000 1370 ${longAttributes(0x1370)}`, ACCEPT, {
    session: 'extended',
  }),
  messageRow('header/keepalive-20-negotiated', 'header', 4, '00', header(2, '0014'), { session: 'extended' }),
];

/** Attributes of one plain route's worth and an unknown one, `length` octets in all. */
function longAttributes(length: number): string {
  const plain = '40010100 40020602010000fde9 4003040a000002';
  const plainLength = plain.replaceAll(' ', '').length / 2;
  const rest = length - plainLength - 4;
  return `${plain} d063${rest.toString(16).padStart(4, '0')}${'aa'.repeat(rest)}`;
}

const REFRESH_ROWS: readonly Vector[] = [
  messageRow('refresh/length-19', 'refresh', 5, '', { action: 'notification', code: 7, subcode: 1 }),
  messageRow('refresh/length-24', 'refresh', 5, '0001000100', { action: 'notification', code: 7, subcode: 1 }),
  messageRow('refresh/subtype-3', 'refresh', 5, '00010301', ACCEPT),
  messageRow('refresh/end-without-begin', 'refresh', 5, '00010201', ACCEPT),
  messageRow('refresh/family-0', 'refresh', 5, '00000000', ACCEPT),
  messageRow('refresh/family-reserved', 'refresh', 5, 'ffff00ff', ACCEPT),
];

/** RFC 4271 6.4: whatever is in it, a NOTIFICATION is not answered. */
const NOTIFICATION_ROWS: readonly Vector[] = (
  [
    ['code-0', '0000'],
    ['code-255', 'ffff'],
    ['header-subcode-0', '0100'],
    ['open-version-without-data', '0201'],
    ['update-with-long-data', `0303${'ff'.repeat(500)}`],
    ['hold-timer', '0400'],
    ['fsm-subcode-9', '0509'],
    ['cease-subcode-0', '0600'],
    ['cease-subcode-255', '06ff'],
    ['cease-maximum-prefixes-cut-off', '060100'],
    ['cease-shutdown-empty', '0602'],
    ['cease-shutdown-length-0', '060200'],
    ['cease-shutdown-of-255', `0602ff${'61'.repeat(255)}`],
    ['cease-hard-reset-empty', '0609'],
    ['cease-hard-reset-nested', '06090609'],
    ['send-hold-timer', '0800'],
  ] as const
).map(([name, body]) => messageRow(`notification/${name}`, 'notification', 3, body, CLOSE));

export const HEADER_ROWS: readonly Vector[] = [
  ...LENGTH_ROWS,
  ...REFRESH_ROWS,
  ...NOTIFICATION_ROWS,
  messageRow('notification/in-open-sent', 'open', 3, '0602', CLOSE),
  messageRow('fsm/refresh-in-open-sent', 'open', 5, '00010001', { action: 'notification', code: 5, subcode: 1 }),
];
