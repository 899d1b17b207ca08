import type { NftRuleset, Resource } from '@slash32/shared';
import { describe, expect, test } from 'vitest';
import { evaluateHook, FabricModel, HostPolicyCompiler, type ProgramPacket } from '../src/index.ts';
import { host, instance, network, type RuleInput, securityGroup } from './manifests.ts';

/** ICMP errors about flows that passed under an older generation: judged as the flow is, from whoever may speak of it. */

const OUTSIDE = '198.51.100.9';
const STALE = { source: 0x40_00_01, destination: 0x80_00_01, both: 0xc0_00_01 } as const;
const SOURCE_PASSES = 0x40_00_05;
const DESTINATION_PASSES = 0x80_00_05;

function web(number: number, groups: string[], extra: object = {}): Resource {
  return instance(`t/i${number}`, {
    host: 'h1',
    interface: `tap${number}`,
    mac: `52:54:00:00:00:0${number}`,
    network: 'net',
    addresses: [`10.0.0.${number}`],
    securityGroups: groups,
    ...extra,
  });
}

/** `open` allows whatever, `udp` UDP of port 53 out and in, `nothing` nothing. */
const ruleset: NftRuleset = (() => {
  const dns = (direction: 'ingress' | 'egress'): RuleInput => ({
    direction,
    ethertype: 'IPv4',
    protocol: 'udp',
    ports: 53,
  });
  const model = new FabricModel();
  model.put(host('h1', { address: '192.0.2.1' }));
  model.put(network('net', { pools: [{ cidr: '10.0.0.0/16', gateway: '10.0.0.254' }] }));
  model.put(securityGroup('t/udp', [dns('ingress'), dns('egress')]));
  model.put(securityGroup('t/nothing', []));
  model.put(
    securityGroup('t/open', [
      { direction: 'ingress', ethertype: 'IPv4' },
      { direction: 'egress', ethertype: 'IPv4' },
    ]),
  );
  model.put(web(1, ['udp']));
  model.put(web(2, ['udp']));
  model.put(web(3, ['nothing']));
  model.put(web(4, ['open'], { allowedAddressPairs: [{ cidr: '10.9.0.0/24' }] }));
  model.put(web(5, [], { portSecurity: false }));
  const compiler = new HostPolicyCompiler(model, 'h1', { initialGeneration: 5 });
  compiler.reconcile(new Map());
  return compiler.ruleset();
})();

interface ErrorInput {
  readonly iifname: string;
  readonly oifname: string;
  readonly etherSource?: string;
  readonly direction: 'original' | 'reply';
  readonly source: string;
  readonly destination: string;
  readonly port?: number;
  readonly mark: number;
}

/** A "fragmentation needed" about a UDP flow. */
function error(input: ErrorInput): ProgramPacket & { readonly flow: { mark: number } } {
  const { iifname, oifname, direction, source, destination, port = 53, mark } = input;
  return {
    family: 4,
    iifname,
    oifname,
    etherSource: input.etherSource ?? '02:00:00:00:00:01',
    source: '10.0.0.254',
    destination: direction === 'reply' ? source : destination,
    protocol: 1,
    icmp: { type: 3, code: 4 },
    flow: {
      state: 'related',
      direction,
      original: { source, destination, protocol: 17, protocolDestination: port },
      mark,
    },
  };
}

function judge(input: ErrorInput): { verdict: string; mark: string; by: string | undefined } {
  const packet = error(input);
  const { verdict, decidedBy } = evaluateHook(ruleset, 'inet slash32', 'forward', packet);
  return { verdict, mark: packet.flow.mark.toString(16), by: decidedBy?.chain };
}

const MAC = (number: number): string => `52:54:00:00:00:0${number}`;

describe('an ICMP error about a flow that has yet to be judged again', () => {
  const fromOutside = { iifname: 'uplink', oifname: 'tap1', direction: 'reply', source: '10.0.0.1' } as const;

  test('passes where its flow does, by the flow’s protocol and port, and what passes is noted', () => {
    expect(judge({ ...fromOutside, destination: OUTSIDE, mark: STALE.source })).toEqual({
      verdict: 'accept',
      mark: SOURCE_PASSES.toString(16),
      by: 'destination-end',
    });
    expect(
      judge({
        iifname: 'uplink',
        oifname: 'tap1',
        direction: 'original',
        source: OUTSIDE,
        destination: '10.0.0.1',
        mark: STALE.destination,
      }),
    ).toMatchObject({ verdict: 'accept', mark: DESTINATION_PASSES.toString(16) });
  });

  test('drops where its flow does, and nothing is noted', () => {
    expect(judge({ ...fromOutside, destination: OUTSIDE, port: 54, mark: STALE.source })).toMatchObject({
      verdict: 'drop',
      mark: STALE.source.toString(16),
      by: 'egress/t/udp',
    });
    expect(judge({ ...fromOutside, destination: OUTSIDE, port: 54, mark: SOURCE_PASSES }).verdict).toBe('accept');
  });

  test('between two instances is judged at both ends, from the flow’s own address', () => {
    const fromDestination = { iifname: 'tap2', oifname: 'tap1', etherSource: MAC(2), direction: 'reply' } as const;
    const flow = { source: '10.0.0.1', destination: '10.0.0.2', mark: STALE.both };
    expect(judge({ ...fromDestination, ...flow })).toMatchObject({ verdict: 'accept', mark: 'c00005' });
    const toNothing = { ...flow, destination: '10.0.0.3' };
    expect(judge({ ...fromDestination, iifname: 'tap3', etherSource: MAC(3), ...toNothing })).toMatchObject({
      verdict: 'drop',
      by: 'ingress/t/nothing',
    });
    const fromSource = { iifname: 'tap1', oifname: 'tap2', etherSource: MAC(1), direction: 'original' } as const;
    expect(judge({ ...fromSource, ...flow })).toMatchObject({ verdict: 'accept', mark: 'c00005' });
  });

  test('of another’s flow is not judged by the sender’s rules, forwards or backwards', () => {
    const forger = { iifname: 'tap4', etherSource: MAC(4) } as const;
    const flow = { source: '10.0.0.1', destination: '10.0.0.3', mark: STALE.both };
    const backwards = judge({ ...forger, oifname: 'tap1', direction: 'reply', ...flow });
    // The source's end is the receiver's own: it may be noted. The destination's is not the forger's to pass.
    expect(backwards).toEqual({ verdict: 'drop', mark: SOURCE_PASSES.toString(16), by: 'error-from-destination' });
    const forwards = judge({ ...forger, oifname: 'tap3', direction: 'original', ...flow });
    expect(forwards).toEqual({ verdict: 'drop', mark: STALE.both.toString(16), by: 'error-from-source' });
  });

  test('passes from an allowed address pair, and from what has no port security', () => {
    const back = { oifname: 'tap1', direction: 'reply', source: '10.0.0.1', mark: STALE.both } as const;
    expect(judge({ ...back, iifname: 'tap4', etherSource: MAC(4), destination: '10.9.0.7' }).verdict).toBe('accept');
    expect(judge({ ...back, iifname: 'tap5', etherSource: MAC(9), destination: '10.77.0.1' }).verdict).toBe('accept');
    expect(judge({ ...back, iifname: 'tap4', etherSource: MAC(9), destination: '10.9.0.7' }).verdict).toBe('drop');
  });

  test('to or from a tap that no endpoint claims drops', () => {
    const flow = { source: '10.0.0.1', destination: OUTSIDE, mark: STALE.source };
    expect(judge({ iifname: 'uplink', oifname: 'tap9', direction: 'reply', ...flow })).toMatchObject({
      verdict: 'drop',
      by: 'source-judged',
    });
    expect(judge({ iifname: 'tap9', oifname: 'tap1', direction: 'reply', ...flow }).verdict).toBe('drop');
  });
});
