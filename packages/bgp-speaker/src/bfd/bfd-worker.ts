/** The worker thread: a BfdEngine on the machine's clock and UDP, driven by the messages of bfd-service.ts. */
import { randomInt } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { raiseThreadPriority } from '@slash32/linux/udp';
import { SystemClock } from '@slash32/shared/core';
import { BfdCounters } from './bfd-counters.ts';
import { BfdEngine } from './bfd-engine.ts';
import type { BfdReport, BfdRequest } from './bfd-worker-messages.ts';
import { UdpBfdTransport } from './udp-bfd-transport.ts';

const RANDOM_RANGE = 2 ** 32;

const port = parentPort;
if (port === null) throw new Error('bfd-worker.ts is a worker thread; BfdService starts it');

const clock = new SystemClock();
/** Discriminators and source ports should not be guessed. */
const random = () => randomInt(RANDOM_RANGE) / RANDOM_RANGE;
const report = (message: BfdReport) => port.postMessage(message);
const engine = new BfdEngine({
  clock,
  random,
  openTransport: (onArrival) => new UdpBfdTransport(random, onArrival),
  onStatus: (id, status) => report({ type: 'status', id, status, atMs: clock.wallMs() }),
});

port.on('message', (request: BfdRequest) => {
  switch (request.type) {
    case 'add':
      engine.add(request.id, request.endpoint, request.timers, new BfdCounters(request.counters));
      return;
    case 'configure':
      engine.configure(request.id, request.timers);
      return;
    case 'remove':
      engine.remove(request.id);
      return;
    case 'stop':
      engine[Symbol.dispose]();
      port.close();
      return;
  }
});
// A packet every 50 ms costs microseconds; a late one costs the session.
report({ type: 'ready', priority: raiseThreadPriority() });
