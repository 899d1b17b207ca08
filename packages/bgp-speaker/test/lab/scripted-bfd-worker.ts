/**
 * Stands in for bfd-worker.ts: reports Up for each session, with the multiplier in force as detection time, and counts a
 * packet. A session with `crash` as its device crashes the thread, one with `deaf` makes it ignore a stop.
 */
import { parentPort } from 'node:worker_threads';
import { BfdCounters } from '../../src/bfd/bfd-counters.ts';
import type { BfdReport, BfdRequest } from '../../src/bfd/bfd-worker-messages.ts';

const port = parentPort;
if (port === null) throw new Error('this is a worker thread');
const report = (message: BfdReport) => port.postMessage(message);
let deaf = false;

function reportUp(id: number, detectMultiplier: number): void {
  report({
    type: 'status',
    id,
    atMs: 1_000,
    status: {
      state: 'Up',
      remoteState: 'Up',
      localDiagnostic: 'No Diagnostic',
      remoteDiagnostic: 'No Diagnostic',
      detectionMs: detectMultiplier,
      remoteControlPlaneIndependent: false,
    },
  });
}

port.on('message', (request: BfdRequest) => {
  switch (request.type) {
    case 'add':
      if (request.endpoint.device === 'crash') throw new Error('crashed as told');
      deaf ||= request.endpoint.device === 'deaf';
      new BfdCounters(request.counters).increment('sent');
      reportUp(request.id, request.timers.detectMultiplier);
      return;
    case 'configure':
      reportUp(request.id, request.timers.detectMultiplier);
      return;
    case 'remove':
      return;
    case 'stop':
      if (!deaf) port.close();
      return;
  }
});
report({ type: 'ready', priority: 'ordinary' });
