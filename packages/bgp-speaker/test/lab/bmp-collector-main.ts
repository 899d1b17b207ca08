/** A BMP collector that keeps nothing: prints what it gets, hexadecimal, a line per chunk. Arguments: address, port. */
import { createServer } from 'node:net';

const [address, port] = process.argv.slice(2);
createServer((socket) => {
  socket.on('data', (chunk) => process.stdout.write(`${chunk.toString('hex')}\n`));
  socket.on('error', () => undefined);
}).listen(Number(port), address, () => process.stdout.write('\n'));
