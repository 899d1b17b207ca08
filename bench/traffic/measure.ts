import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Namespace } from '../lab/namespace.ts';
import { CONNECT_PORT, PACKET_PORT, SHARED_CONNECT_PORT, THROUGHPUT_PORT } from './rule-shapes.ts';
import type { Measurement } from './traffic-figures.ts';

const CONNECT_SCRIPT = join(import.meta.dirname, 'connect_rate.py');
const PACKET_SCRIPT = join(import.meta.dirname, 'packet_cost.py');
const CONNECT_SECONDS = 0.4;
const PACKET_BATCHES = 60;
const THROUGHPUT_SECONDS = 1;

/** What the client measures against; ends with the scope. */
export function startServers(server: Namespace): Disposable {
  const children = [
    server.spawn('iperf3', ['--server', '--port', String(THROUGHPUT_PORT)]),
    server.spawn('python3', [CONNECT_SCRIPT, 'serve', String(CONNECT_PORT), 'free']),
    server.spawn('python3', [CONNECT_SCRIPT, 'serve', String(SHARED_CONNECT_PORT), 'shared']),
    server.spawn('python3', [PACKET_SCRIPT, 'sink', String(PACKET_PORT)]),
  ];
  for (const { stdout } of children) stdout.resume(); // iperf3 writes a report per client; nobody reads them
  return {
    [Symbol.dispose]() {
      for (const child of children) child.kill();
    },
  };
}

export async function measure(client: Namespace, server: string, withThroughput: boolean): Promise<Measurement> {
  const connect = async (port: number, processors: 'free' | 'shared'): Promise<number> =>
    Number(
      await client.run('python3', CONNECT_SCRIPT, 'connect', server, String(port), String(CONNECT_SECONDS), processors),
    );
  const connections = await connect(CONNECT_PORT, 'free');
  const sharedConnections = await connect(SHARED_CONNECT_PORT, 'shared');
  const [passedNs = Number.NaN, firstNs = Number.NaN] = (
    await client.run('python3', PACKET_SCRIPT, 'send', server, String(PACKET_PORT), String(PACKET_BATCHES))
  )
    .split(' ')
    .map(Number);
  const gigabits = withThroughput ? await throughput(client, server) : [];
  return { connections, sharedConnections, passedNs, firstNs, gigabits };
}

/** Gbit/s of each tenth of a second but the first. */
async function throughput(client: Namespace, server: string): Promise<number[]> {
  const options = ['--time', String(THROUGHPUT_SECONDS), '--interval', '0.1', '--json'];
  if (availableParallelism() > 1) options.push('--affinity', '0,1');
  const report = JSON.parse(
    await client.run('iperf3', '--client', server, '--port', String(THROUGHPUT_PORT), ...options),
  ) as { readonly intervals: readonly { readonly sum: { readonly bits_per_second: number } }[] };
  return report.intervals.slice(1).map(({ sum }) => sum.bits_per_second / 1e9);
}
