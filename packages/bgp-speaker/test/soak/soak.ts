import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prefixKeyToText } from '../../src/codec/index.ts';
import { Namespace, stopChild } from '../lab/namespace.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';
import type { SoakPeersCommand, SoakPeersReport, SoakPeersSettings, SoakScale } from './soak-peers-messages.ts';
import {
  learnedRoutes,
  localRoutes,
  peerAddress,
  peerAsNumber,
  SPEAKER_ADDRESS,
  SPEAKER_AS,
  seededRandom,
} from './soak-plan.ts';
import type { MemorySample } from './soak-verdict.ts';

const NODE = join(import.meta.dirname, '../../../../node_modules/.bin/node');
const PEERS = join(import.meta.dirname, 'soak-peers-main.ts');
const HEAP_PROBE = join(import.meta.dirname, 'heap-probe.ts');
const SETTLE_MS = 60_000;
const LOCAL_FLAP_PAUSE_MS = 100;
const FLAPPING_LOCAL_ROUTES = 50;

/**
 * The daemon with many peers that live in one other process and flap, and local routes that flap as well. Learned routes
 * are in the kernel. Memory is looked at when all is calm and every table is exactly what it has to be.
 */
export class Soak implements AsyncDisposable {
  readonly #settings: SoakPeersSettings;
  readonly #host: Namespace;
  readonly #speaker: SpeakerProcess;
  readonly #peers: ChildProcess;
  readonly #memoryFile: string;
  readonly #resources: AsyncDisposable;

  private constructor(
    settings: SoakPeersSettings,
    parts: { host: Namespace; speaker: SpeakerProcess; peers: ChildProcess; memoryFile: string },
    resources: AsyncDisposable,
  ) {
    this.#settings = settings;
    this.#host = parts.host;
    this.#speaker = parts.speaker;
    this.#peers = parts.peers;
    this.#memoryFile = parts.memoryFile;
    this.#resources = resources;
  }

  static async start(settings: SoakPeersSettings): Promise<Soak> {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'soak-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const memoryFile = join(directory, 'memory.json');
    const host = stack.use(await Namespace.create('soak-host'));
    const routers = stack.use(await Namespace.create('soak-routers'));
    await Namespace.link(
      host,
      'eth0',
      [`${SPEAKER_ADDRESS}/16`],
      routers,
      'eth0',
      Array.from({ length: settings.peers }, (_, index) => `${peerAddress(index)}/16`),
    );
    await addTap(host);
    await ipBatch(
      host,
      localRoutes(settings).map((key) => `route add ${prefixKeyToText(key)} dev tap0 proto 133`),
    );
    const speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests(settings)));
    speaker.start(['--log-level', 'error'], {
      NODE_OPTIONS: `--expose-gc --import ${HEAP_PROBE}`,
      SOAK_MEMORY_FILE: memoryFile,
    });
    await waitUntil(
      () => `the speaker has its peers; log:\n${speaker.log}`,
      async () => (await speaker.status()).sessions.configured === settings.peers,
    );
    const peers = spawn('ip', ['netns', 'exec', routers.name, NODE, PEERS, JSON.stringify(settings)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    stack.defer(() => stopChild(peers, 'SIGKILL'));
    const soak = new Soak(settings, { host, speaker, peers, memoryFile }, stack.move());
    return soak;
  }

  /** Sessions drop, routes flap, readers stall, for so long; then all of it stops. */
  async flap(durationMs: number): Promise<void> {
    const random = seededRandom(this.#settings.seed);
    const local = localRoutes(this.#settings).map(prefixKeyToText);
    this.#tell({ op: 'flap' });
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs) {
      const start = Math.floor(random() * local.length);
      const flapping = local.slice(start, start + FLAPPING_LOCAL_ROUTES);
      for (const change of ['del', 'add']) {
        await ipBatch(
          this.#host,
          flapping.map((prefix) => `route ${change} ${prefix} dev tap0 proto 133`),
        );
        await new Promise((resolve) => setTimeout(resolve, LOCAL_FLAP_PAUSE_MS));
      }
    }
    this.#tell({ op: 'calm' });
  }

  /** Waits until all sessions are up and the tables on both sides, and the kernel's, hold what they have to. */
  async settled(): Promise<SoakPeersReport> {
    const { peers, localRoutes: local } = this.#settings;
    const learned = learnedRoutes(this.#settings);
    let seen = '';
    return await waitUntil(
      () => `all is calm: ${seen}; log:\n${this.#speaker.log}`,
      async () => {
        const report = await this.report();
        const status = await this.#speaker.status();
        const { sessions, localRoutes: known, learnedRoutes: chosen, installedRoutes: installed } = status;
        seen = JSON.stringify({ report, sessions, known, chosen, installed, learned });
        if (report.up !== peers || report.complete !== peers || sessions.established !== peers) return undefined;
        return known === local && chosen === learned && installed === learned ? report : undefined;
      },
      SETTLE_MS,
    );
  }

  async report(): Promise<SoakPeersReport> {
    const answer = once(this.#peers, 'message');
    this.#tell({ op: 'report' });
    return (await answer)[0] as SoakPeersReport;
  }

  /** Collects the daemon's garbage and says what is left. */
  async memory(): Promise<MemorySample> {
    rmSync(this.#memoryFile, { force: true });
    this.#speaker.signal('SIGUSR2');
    return await waitUntil('the daemon has measured its memory', () =>
      existsSync(this.#memoryFile) ? (JSON.parse(readFileSync(this.#memoryFile, 'utf8')) as MemorySample) : undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }

  #tell(command: SoakPeersCommand): void {
    this.#peers.send(command);
  }
}

async function ipBatch(namespace: Namespace, lines: readonly string[]): Promise<void> {
  const child = spawn('ip', ['-n', namespace.name, '-batch', '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
  const exit = once(child, 'exit');
  child.stdin.end(`${lines.join('\n')}\n`);
  const [code] = await exit;
  if (code !== 0) throw new Error(`ip -batch ended with ${code}`);
}

function manifests({ peers }: SoakScale): string {
  const host = `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: h1 }
spec: { address: ${SPEAKER_ADDRESS}, asNumber: ${SPEAKER_AS} }
`;
  const peer = (index: number) => `---
apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor-${index} }
spec: { hosts: all(), asNumber: ${peerAsNumber(index)}, address: ${peerAddress(index)}, passive: true, families: [ipv4-unicast] }
`;
  return [host, ...Array.from({ length: peers }, (_, index) => peer(index))].join('');
}
