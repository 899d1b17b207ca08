import { describe, expect, test } from 'vitest';
import { matchConnections } from '../src/conntrack/match-connections.ts';
import { LineSplitter } from '../src/process/line-splitter.ts';

// Recorded from conntrack 1.4.7.
describe('connections', () => {
  const listing = [
    'tcp      6 99 ESTABLISHED src=10.0.0.1 dst=10.1.0.1 sport=1000 dport=80 [UNREPLIED] src=10.1.0.1 dst=192.0.2.7 sport=80 dport=1000 mark=0 use=1',
    'udp      17 99 src=2001:db8::1 dst=2001:db8::2 sport=1 dport=2 src=2001:db8::2 dst=2001:db8::1 sport=2 dport=1 mark=0 use=1',
    'icmp     1 29 src=10.0.0.2 dst=10.0.0.1 type=8 code=0 id=1 src=10.0.0.1 dst=10.0.0.2 type=0 code=0 id=1 mark=0 use=1',
    '',
  ].join('\n');

  test('counts connections once and tells where each address stands', () => {
    expect(matchConnections(listing, new Set(['10.0.0.1']))).toEqual({
      connections: 2,
      matches: [
        { position: 0, address: '10.0.0.1' },
        { position: 1, address: '10.0.0.1' },
        { position: 2, address: '10.0.0.1' },
      ],
    });
    expect(matchConnections(listing, new Set(['192.0.2.7'])).matches).toEqual([{ position: 3, address: '192.0.2.7' }]);
    expect(matchConnections(listing, new Set(['10.0.0.11'])).connections).toBe(0);
  });
});

test('lines that come in pieces', () => {
  const splitter = new LineSplitter();
  expect(splitter.push('one\ntw')).toEqual(['one']);
  expect(splitter.push('')).toEqual([]);
  expect(splitter.push('o\n\nthree')).toEqual(['two', '']);
  expect(splitter.push('\n')).toEqual(['three']);
});
