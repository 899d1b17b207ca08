import { describe, expect, it } from 'vitest';
import { parseFlow } from '../src/trace/flow-text.ts';

describe('flow', () => {
  it.each([
    ['web-1:443/tcp', 'web-1', { type: 'ports', number: 6, port: 443 }],
    ['tenant-a/web-1:53/UDP', 'tenant-a/web-1', { type: 'ports', number: 17, port: 53 }],
    ['203.0.113.10:0/sctp', '203.0.113.10', { type: 'ports', number: 132, port: 0 }],
    ['[2001:db8::5]:443/tcp', '2001:db8::5', { type: 'ports', number: 6, port: 443 }],
    ['2001:db8::5:443/tcp', '2001:db8::5', { type: 'ports', number: 6, port: 443 }],
    ['web-1:443/6', 'web-1', { type: 'ports', number: 6, port: 443 }],
    ['web-1:icmp', 'web-1', { type: 'icmp' }],
    ['web-1:icmp/8', 'web-1', { type: 'icmp', family: 4, icmpType: 8, icmpCode: 0 }],
    ['web-1:icmp/3/4', 'web-1', { type: 'icmp', family: 4, icmpType: 3, icmpCode: 4 }],
    ['web-1:icmpv6/128', 'web-1', { type: 'icmp', family: 6, icmpType: 128, icmpCode: 0 }],
    ['web-1:icmpv6', 'web-1', { type: 'icmp', family: 6 }],
    ['web-1:gre', 'web-1', { type: 'bare', number: 47 }],
    ['web-1:proto99', 'web-1', { type: 'bare', number: 99 }],
    ['internet:443/tcp', 'internet', { type: 'ports', number: 6, port: 443 }],
  ])('reads %s', (text, destination, protocol) => {
    expect(parseFlow(text)).toEqual({ destination, protocol });
  });

  it.each([
    ['web-1', 'does not say what is to pass'],
    ['web-1:443', 'write 443/tcp or 443/udp'],
    ['web-1:tcp', 'write 443/tcp'],
    ['web-1:443/gre', 'gives a port to gre'],
    ['web-1:70000/tcp', 'ports are 0–65535'],
    ['web-1:443/tpc', '"tpc" is not a protocol'],
    ['web-1:8/icmp', 'ICMP is written icmp/TYPE/CODE'],
    ['web-1:icmp/300', '"300" is not an ICMP type'],
    ['web-1:icmp/1/2/3', 'too many "/"'],
    ['web-1:1/2/3', 'too many "/"'],
    ['web-1:300', 'could be a port or a protocol'],
    [':443/tcp', 'does not say what is to pass'],
  ])('refuses %s and says what to write', (text, message) => {
    expect(() => parseFlow(text)).toThrow(
      expect.objectContaining({ code: 'flow.invalid', message: expect.stringContaining(message) }),
    );
  });
});
