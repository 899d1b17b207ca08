import { expect, it } from 'vitest';
import { compareCapabilities } from '../src/fabric/compare-capabilities.ts';

it('tells apart what both have, have otherwise, and what one has', () => {
  const ours = [
    'multiprotocol ipv4-unicast',
    'multiprotocol ipv6-unicast',
    'route-refresh',
    'graceful-restart 120 s, notification (ipv4-unicast)',
    'four-octet-as 64611',
    'hostname "compute-a1"',
    'add-path ipv4-unicast receive',
  ];
  const theirs = [
    'multiprotocol ipv4-unicast',
    'route-refresh',
    'graceful-restart 90 s',
    'four-octet-as 64901',
    'long-lived-graceful-restart',
    'add-path',
    'capability 99 0x00',
  ];
  expect(compareCapabilities(ours, theirs)).toEqual({
    both: ['multiprotocol ipv4-unicast', 'route-refresh', 'graceful-restart', 'four-octet-as', 'add-path'],
    differing: [
      'graceful-restart: ours 120 s, notification (ipv4-unicast), theirs 90 s',
      'add-path: ours ipv4-unicast receive, theirs without a value',
    ],
    onlyOurs: ['multiprotocol ipv6-unicast', 'hostname "compute-a1"'],
    onlyTheirs: ['long-lived-graceful-restart', 'capability 99 0x00'],
  });
});
