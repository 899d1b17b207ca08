import { expect, test } from 'vitest';
import { arpFrame, routerAdvertisementFrame, udpFrame } from './frame-builder.ts';

/** One's complement sum over 16-bit words; a packet with a right checksum sums up to ffff (RFC 1071). */
function wordSum(hexadecimal: string): number {
  let sum = 0;
  for (let index = 0; index < hexadecimal.length; index += 4) {
    sum += Number.parseInt(hexadecimal.slice(index, index + 4), 16);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

test('a UDP frame has right lengths and a right IPv4 header checksum', () => {
  const frame = udpFrame({
    sourceMac: '52:54:00:00:00:01',
    destinationMac: '52:54:00:00:00:02',
    source: '192.0.2.1',
    destination: '198.51.100.2',
    sourcePort: 4000,
    destinationPort: 53,
    payload: 'abcd',
  });
  expect(frame.slice(0, 28)).toBe('5254000000025254000000010800');
  const header = frame.slice(28, 68);
  expect(wordSum(header)).toBe(0xffff);
  expect(header.slice(4, 8)).toBe('001e');
  expect(frame.slice(68)).toBe('0fa00035000a0000abcd');
});

test('an ARP frame has the layout of RFC 826', () => {
  const frame = arpFrame({
    sourceMac: '52:54:00:00:00:01',
    operation: 1,
    senderAddress: '10.0.0.1',
    targetAddress: '10.0.0.2',
  });
  expect(frame).toBe(
    `ffffffffffff525400000001${'0806'}0001080006040001${'525400000001'}0a000001${'000000000000'}0a000002`,
  );
});

test('a router advertisement has a right ICMPv6 checksum', () => {
  const frame = routerAdvertisementFrame('52:54:00:00:00:01', 'fe80::1:2');
  const source = frame.slice(44, 76);
  const destination = frame.slice(76, 108);
  expect(source).toBe('fe800000000000000000000000010002');
  const message = frame.slice(108);
  const length = (message.length / 2).toString(16).padStart(8, '0');
  expect(message.slice(0, 4)).toBe('8600');
  expect(wordSum(`${source}${destination}${length}0000003a${message}`)).toBe(0xffff);
});
