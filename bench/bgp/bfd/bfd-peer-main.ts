/**
 * A minimal BFD peer as a program (asynchronous mode, single hop), driven over node's IPC channel (bfd-peer-messages.ts);
 * its settings are the first argument, as JSON. It never declares the daemon down: it watches the daemon do so.
 */
import { createSocket } from 'node:dgram';
import { BFD_PORT, BFD_STATE, bfdOctets, readBfd } from './bfd-octets.ts';
import type { BfdPeerCommand, BfdPeerEvent, BfdPeerSettings } from './bfd-peer-messages.ts';

const SLOW_MS = 1000;
/** Packets in a row at the session's rate until it counts as up. */
const STEADY_PACKETS = 5;

const settings = JSON.parse(process.argv[2] ?? '') as BfdPeerSettings;
const tell = (event: BfdPeerEvent) => process.send?.(event);
let state: number = BFD_STATE.down;
let theirState = 0;
let yourDiscriminator = 0;
let myDiscriminator = 1;
let silent = false;
let lastSentMs = 0;
let lastCameMs = 0;
let steady = 0;
let counts = { packets: 0, flaps: 0, longestGapMs: 0 };
let timer: NodeJS.Timeout | undefined;

const sender = createSocket('udp4');
sender.bind(49_152, settings.address, () => sender.setTTL(255));
const receiver = createSocket('udp4');
receiver.bind(BFD_PORT, settings.address);
receiver.on('message', take);

function send(final = false): void {
  if (silent) return;
  lastSentMs = performance.now();
  const intervalUs = (state === BFD_STATE.up ? settings.intervalMs : SLOW_MS) * 1000;
  const packet = {
    ...{ state, myDiscriminator, yourDiscriminator, poll: false, final, multiplier: settings.multiplier },
    ...{ desiredMinTxUs: intervalUs, requiredMinRxUs: settings.intervalMs * 1000 },
  };
  sender.send(bfdOctets(packet), BFD_PORT, settings.daemonAddress);
}

function schedule(): void {
  clearTimeout(timer);
  // RFC 5880 6.8.7: up to a quarter less, at random.
  const intervalMs = (state === BFD_STATE.up ? settings.intervalMs : SLOW_MS) * (1 - Math.random() / 4);
  timer = setTimeout(() => {
    send();
    schedule();
  }, intervalMs);
}

function take(octets: Buffer): void {
  const nowMs = performance.now();
  const packet = readBfd(octets);
  counts.packets += 1;
  if (packet.state !== BFD_STATE.up && theirState === BFD_STATE.up) counts.flaps += 1;
  theirState = packet.state;
  if (counts.packets > 1) counts.longestGapMs = Math.max(counts.longestGapMs, nowMs - lastCameMs);
  lastCameMs = nowMs;
  if (silent) {
    if (packet.state === BFD_STATE.down && state === BFD_STATE.up) {
      state = BFD_STATE.down;
      tell({ event: 'detected', afterMs: nowMs - lastSentMs });
    }
    return;
  }
  yourDiscriminator = packet.myDiscriminator;
  const before = state;
  state = nextState(packet.state);
  if (packet.poll) send(true);
  if (state !== before) {
    steady = 0;
    send();
    schedule();
  }
  const isSteady = state === BFD_STATE.up && packet.desiredMinTxUs <= settings.intervalMs * 1000 && !packet.poll;
  steady = isSteady ? steady + 1 : 0;
  if (steady === STEADY_PACKETS) tell({ event: 'up' });
}

/** RFC 5880 6.8.6, without AdminDown. */
function nextState(theirs: number): number {
  switch (state) {
    case BFD_STATE.down:
      return theirs === BFD_STATE.down ? BFD_STATE.init : theirs === BFD_STATE.init ? BFD_STATE.up : state;
    case BFD_STATE.init:
      return theirs === BFD_STATE.init || theirs === BFD_STATE.up ? BFD_STATE.up : state;
    default:
      return theirs === BFD_STATE.down ? BFD_STATE.down : state;
  }
}

process.on('message', (command: BfdPeerCommand) => {
  switch (command.op) {
    case 'fall-silent':
      silent = true;
      return;
    case 'speak':
      silent = false;
      state = BFD_STATE.down;
      yourDiscriminator = 0;
      myDiscriminator += 1;
      steady = 0;
      schedule();
      return;
    case 'count':
      counts = { packets: 0, flaps: 0, longestGapMs: 0 };
      return;
    case 'report':
      tell({ event: 'report', ...counts });
      return;
  }
});
schedule();
