import {
  type Clock,
  FabricError,
  type Logger,
  type MetricsRegistry,
  parseListenAddress,
  tryParseIpAddress,
  VERSION,
} from '@slash32/shared';
import { BmpMonitor } from '../bmp/bmp-monitor.ts';
import type { BmpView, LocRibSource } from '../bmp/reported-table.ts';
import { RotatingFile } from '../mrt/rotating-file.ts';
import { MrtUpdateLog } from '../mrt/update-log.ts';
import { TcpTransport } from '../session/tcp-transport.ts';
import type { Speaker } from './speaker.ts';

/** Options of the daemon for those who watch it from afar. */
export const VISIBILITY_OPTIONS = {
  bmp: { placeholder: 'ADDR:PORT[,…]', description: 'BMP collectors to report to (RFC 7854); left out: none' },
  'bmp-ribs': {
    placeholder: 'in|out|loc[,…]',
    description:
      'what BMP reports: routes of peers (in), what peers are told (out, RFC 8671), what is chosen (loc, RFC 9069)',
    default: 'in',
  },
  'bmp-policy': {
    placeholder: 'pre|post|both',
    description: 'of routes of peers, report them as they came, as the import policy left them, or both',
    default: 'pre',
  },
  'mrt-updates': {
    placeholder: 'FILE',
    description: 'append every BGP message and change of state there as MRT (RFC 6396); left out: nothing',
  },
  'mrt-max-bytes': {
    placeholder: 'OCTETS',
    description: 'size at which FILE of --mrt-updates is put aside',
    default: '67108864',
  },
  'mrt-keep': { placeholder: 'COUNT', description: 'how many such files are kept aside', default: '4' },
} as const;

export interface VisibilitySettings {
  readonly collectors: readonly { readonly host: string; readonly port: number }[];
  readonly views: readonly BmpView[];
  /** Loc-RIB is reported, too. */
  readonly reportsLocRib: boolean;
  readonly updateLog?: { readonly path: string; readonly maxOctets: number; readonly keep: number };
}

/** Reads the texts of {@link VISIBILITY_OPTIONS}. Throws `FabricError` `usage`. */
export function readVisibilityOptions(texts: {
  readonly bmp: string | undefined;
  readonly 'bmp-ribs': string;
  readonly 'bmp-policy': string;
  readonly 'mrt-updates': string | undefined;
  readonly 'mrt-max-bytes': string;
  readonly 'mrt-keep': string;
}): VisibilitySettings {
  const path = texts['mrt-updates'];
  const maxOctets = readNumber('mrt-max-bytes', texts['mrt-max-bytes'], 65_536);
  const ribs = readRibs(texts['bmp-ribs']);
  const received = readViews(texts['bmp-policy']);
  const keep = readNumber('mrt-keep', texts['mrt-keep'], 0);
  return {
    collectors: texts.bmp === undefined ? [] : texts.bmp.split(',').map(readCollector),
    views: [...(ribs.has('in') ? received : []), ...(ribs.has('out') ? (['sent'] as const) : [])],
    reportsLocRib: ribs.has('loc'),
    ...(path === undefined ? {} : { updateLog: { path, maxOctets, keep } }),
  };
}

/** Begins to report what the speaker does; disposing of the result ends it. */
export function startVisibility(
  speaker: Speaker,
  settings: VisibilitySettings,
  surroundings: {
    readonly host: string;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly registry: MetricsRegistry;
  },
): AsyncDisposable {
  const { host, clock, logger, registry } = surroundings;
  const stack = new AsyncDisposableStack();
  if (settings.updateLog !== undefined) {
    const file = stack.use(new RotatingFile({ ...settings.updateLog, clock, logger }));
    stack.use(speaker.observers.add(new MrtUpdateLog(file, clock)));
    registry.gauge({
      name: 'mrt_lost_records',
      help: 'Records that the file of --mrt-updates lacks because the disk did not take them.',
      collect: (gauge) => gauge.set(file.lost),
    });
  }
  if (settings.collectors.length > 0) {
    const monitor = new BmpMonitor({
      collectors: settings.collectors,
      views: settings.views,
      ...(settings.reportsLocRib ? { locRib: locRibOf(speaker) } : {}),
      sysName: host,
      sysDescr: `slash32 bgp-speaker ${VERSION}`,
      clock,
      random: Math.random,
      logger,
      transport: new TcpTransport(),
    });
    stack.use(monitor);
    stack.use(speaker.observers.add(monitor));
    registry.gauge({
      name: 'bmp_collector_connected',
      help: '1 if the BMP collector is connected.',
      labelNames: ['collector'],
      collect: (gauge) => {
        for (const [collector, connected] of monitor.connected) gauge.set({ collector }, connected ? 1 : 0);
      },
    });
    monitor.start();
  }
  return stack;
}

function locRibOf(speaker: Speaker): LocRibSource {
  return {
    locRib: speaker.locRib,
    identity: () => {
      const { asNumber, routerId } = speaker.plan;
      return asNumber === undefined || routerId === undefined ? undefined : { asNumber, routerId };
    },
  };
}

function readCollector(text: string): { readonly host: string; readonly port: number } {
  try {
    const collector = parseListenAddress(text.trim());
    if (tryParseIpAddress(collector.host) !== undefined && collector.port > 0) return collector;
  } catch (error) {
    if (!(error instanceof FabricError)) throw error;
  }
  throw new FabricError(
    'usage',
    `--bmp "${text}" is not an IP address and a port; write it like 192.0.2.9:11019 or [2001:db8::9]:11019`,
  );
}

const RIBS = ['in', 'out', 'loc'] as const;

function readRibs(text: string): ReadonlySet<(typeof RIBS)[number]> {
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !RIBS.some((rib) => rib === word));
  if (unknown === undefined) return new Set(RIBS.filter((rib) => words.includes(rib)));
  throw new FabricError(
    'usage',
    `--bmp-ribs "${unknown}" is none of them; give some of ${RIBS.join(', ')}, with commas`,
  );
}

function readViews(text: string): readonly BmpView[] {
  switch (text) {
    case 'pre':
      return ['pre-policy'];
    case 'post':
      return ['post-policy'];
    case 'both':
      return ['pre-policy', 'post-policy'];
    default:
      throw new FabricError('usage', `--bmp-policy "${text}" is none of them; give pre, post or both`);
  }
}

function readNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new FabricError('usage', `--${name} "${text}" is not a whole number from ${least} on`);
}
