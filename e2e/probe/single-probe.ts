import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { ProbeResult, ProbeTarget } from './probe-protocol.ts';

/** Connects or sends once and waits for the receiver's answer. Never rejects. */
export function probe(target: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
  return target.transport === 'tcp' ? probeTcp(target, timeoutMs) : probeUdp(target, timeoutMs);
}

function probeTcp({ address, port, localAddress }: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, ...(localAddress === undefined ? {} : { localAddress }) });
    const finish = (result: ProbeResult): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish({ reached: false }), timeoutMs);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\n');
      if (end >= 0) finish({ reached: true, seenSource: text.slice(0, end) });
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      finish({ reached: false, error: error.code ?? error.message }),
    );
  });
}

function probeUdp({ address, port, localAddress }: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const finish = (result: ProbeResult): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => finish({ reached: false }), timeoutMs);
    socket.on('message', (message) => {
      finish({ reached: true, seenSource: message.toString('latin1').split('\n')[0] ?? '' });
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      finish({ reached: false, error: error.code ?? error.message }),
    );
    // node calls this with an error too, when there is no route.
    const onConnected = (error?: NodeJS.ErrnoException): void => {
      if (error === undefined || error === null) socket.send('probe', () => undefined);
      else finish({ reached: false, error: error.code ?? error.message });
    };
    // Connected, so that ICMP errors come back as errors.
    const send = (): void => {
      socket.connect(port, address, onConnected);
    };
    if (localAddress === undefined) send();
    else socket.bind(0, localAddress, send);
  });
}
