/**
 * A BGP peer that says all it should and reads nothing after the first OPEN: `deaf-peer-main.ts ADDRESS AS ROUTER-ID`.
 * Waits for a call at ADDRESS, and prints `up` when it has said its first KEEPALIVE, `closed ERROR` at the end.
 */
import { createServer } from 'node:net';
import { BGP_FAMILIES, encodeKeepalive, encodeOpen, FAMILY_PARAMETERS } from '../../src/codec/index.ts';

const [address = '', asNumber = '', routerId = ''] = process.argv.slice(2);
const open = encodeOpen({
  version: 4,
  myAs: Number(asNumber),
  holdTimeSeconds: 3,
  routerId,
  capabilities: BGP_FAMILIES.map((family) => ({ kind: 'multiprotocol', ...FAMILY_PARAMETERS[family] })),
});

createServer((socket) => {
  let reason = 'in silence';
  socket.once('data', () => {
    socket.pause();
    socket.write(open);
    socket.write(encodeKeepalive());
    process.stdout.write('up\n');
  });
  const speaking = setInterval(() => socket.write(encodeKeepalive()), 500);
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('close', () => {
    clearInterval(speaking);
    process.stdout.write(`closed ${reason}\n`);
  });
}).listen(179, address);
