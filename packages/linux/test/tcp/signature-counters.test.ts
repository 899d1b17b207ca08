import { describe, expect, it } from 'vitest';
import { parseSignatureCounters } from '../../src/tcp/signature-counters.ts';

const NAMES = 'TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPSackShifted';
const OTHERS = 'IpExt: InNoRoutes InTruncatedPkts\nIpExt: 1 2\n';

describe('counters of MD5 signatures', () => {
  it('are found by name', () => {
    expect(parseSignatureCounters(`${NAMES}\nTcpExt: 9 1 2 3 8\n${OTHERS}`)).toEqual({
      missing: 1,
      unexpected: 2,
      wrong: 3,
    });
  });

  it.each([
    ['', 'nothing'],
    [OTHERS, 'no TcpExt'],
    ['TcpExt: SyncookiesSent\nTcpExt: 9\n', 'a kernel without TCP-MD5'],
    [`${NAMES}\n`, 'names alone'],
  ])('%j are none: %s', (text) => {
    expect(parseSignatureCounters(text)).toBeUndefined();
  });
});
