import type { FrameStep, FrameTrace } from '@slash32/policy-compiler';
import { FabricError } from '@slash32/shared';
import type { Command } from 'commander';
import { type CapturedPacket, packetFromCapture, packetFromHex } from '../capture/captured-packet.ts';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { findInstance, instanceName } from '../fabric/find-instance.ts';
import { readFabric } from '../fabric/open-fabric.ts';
import { formatTable, type TableLayout } from '../output/table.ts';
import type { Tone } from '../output/text-style.ts';

interface PacketOptions {
  readonly namespace?: string;
  readonly hex?: string;
  readonly pcap?: string;
  readonly to?: true;
  readonly exitCode?: true;
}

const EXAMPLES = `
Examples:
  fabricctl policy packet web-1 --hex 'fe54 0000 0001 5254 0000 0001 0800 4500 …'   a frame that web-1 sends
  fabricctl policy packet web-1 --pcap tap.pcap:7                                   the seventh packet of a capture
  fabricctl policy packet web-1 --pcap uplink.pcap:1 --to                           a packet that is sent to web-1
  tcpdump -i nflog:5 -w drops.pcap                                                  what \`logDrops\` sends to nflog group 5

The frame is read as the host reads it: Ethernet, ARP, IPv4 with options, IPv6 with extension headers, fragments, ICMP
errors with what they quote. Then each thing that is asked about it, in order: is the source the instance's own, may an
instance send this at all, does the host keep it, do the rules of both ends allow the flow. The answer comes from the
resources, as that of \`policy trace\`. A packet without Ethernet header counts as sent from the instance's own MAC address.
`;

export function declarePolicyPacket(policy: Command, session: CliSession): void {
  policy
    .command('packet')
    .description('what becomes of one raw packet of an instance, step by step')
    .argument('<instance>', 'NAMESPACE/NAME, or NAME')
    .option('-n, --namespace <namespace>', 'tenant of NAME')
    .option('--hex <octets>', 'the frame, or the IP packet, in hexadecimal')
    .option('--pcap <file[:n]>', 'packet N of a capture file; the first if left out')
    .option('--to', 'it is sent to the instance; else the instance sends it')
    .option('--exit-code', 'exit code 1 if it drops')
    .addHelpText('after', EXAMPLES)
    .action(session.action(tracePacketOf));
}

async function tracePacketOf(
  { namespace, hex, pcap, to, exitCode, ...options }: PacketOptions & GlobalOptions,
  text: string,
): Promise<CommandResult> {
  const captured = await readPacket(hex, pcap);
  const [{ modelOf, resourcesOf }, { decodeFrame, traceFrame }, { entries }] = await Promise.all([
    import('../fabric/fabric-model.ts'),
    import('@slash32/policy-compiler'),
    readFabric(options),
  ]);
  const resources = resourcesOf(entries);
  const instances = resources.filter((resource) => resource.kind === 'Instance');
  const resource = findInstance(instances, text, namespace);
  const instance = instanceName(resource);
  const frame = decodeFrame(frameOf(captured, to === undefined ? resource.spec.mac : undefined));
  const trace = traceFrame(modelOf(resources), { instance, direction: to === undefined ? 'from' : 'to', frame });
  return {
    data: { instance, direction: to === undefined ? 'from' : 'to', frame, ...trace },
    text: (layout) => traceText(instance, to === true, trace, layout),
    exitCode: exitCode === true && trace.verdict === 'drop' ? EXIT_CODE.no : EXIT_CODE.ok,
  };
}

async function readPacket(hex: string | undefined, pcap: string | undefined): Promise<CapturedPacket> {
  if (hex !== undefined && pcap === undefined) return packetFromHex(hex);
  if (pcap !== undefined && hex === undefined) {
    const [, path = pcap, number = '1'] = /^(.*):(\d+)$/.exec(pcap) ?? [];
    return packetFromCapture(path, Number(number));
  }
  throw new FabricError('usage.packet', 'give the packet with either --hex or --pcap');
}

/** With an Ethernet header; what has none gets one. */
function frameOf({ layer, octets }: CapturedPacket, sourceMac = '00:00:00:00:00:00'): Uint8Array {
  if (layer === 'ethernet') return octets;
  const type = (octets[0] ?? 0) >> 4 === 6 ? '86dd' : '0800';
  return Buffer.concat([Buffer.from(`${'0'.repeat(12)}${sourceMac.replaceAll(':', '')}${type}`, 'hex'), octets]);
}

const VERDICTS: Readonly<Record<FrameTrace['verdict'], { readonly word: string; readonly tone: Tone }>> = {
  pass: { word: 'PASSES', tone: 'good' },
  drop: { word: 'DROPS', tone: 'bad' },
  depends: { word: 'DEPENDS', tone: 'warning' },
};

function traceText(instance: string, to: boolean, { verdict, steps }: FrameTrace, layout: TableLayout): string {
  const { word, tone } = VERDICTS[verdict];
  const table = formatTable<FrameStep>(
    steps,
    [
      { header: 'STEP', value: ({ what }) => what },
      { header: 'VERDICT', value: verdictText, tone: verdictTone },
      { header: 'WHY', value: ({ explanation }) => explanation, wrap: true },
    ],
    layout,
  );
  return `${layout.style(tone, word)}  ${to ? 'to' : 'from'} ${instance}\n${table}`;
}

function verdictText({ verdict }: FrameStep): string {
  if (verdict === 'note') return '';
  return verdict === 'pass' ? 'passes' : 'drops';
}

function verdictTone({ verdict }: FrameStep): Tone | undefined {
  if (verdict === 'note') return 'quiet';
  return verdict === 'pass' ? 'good' : 'bad';
}
