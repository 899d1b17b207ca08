import { resolve } from 'node:path';
import type { LabNode } from './lab-node.ts';
import type { LabProcess } from './lab-process.ts';
import { waitFor } from './wait-for.ts';

const FRAMES = resolve(import.meta.dirname, '../probe/frames.py');
const PYTHON = '/usr/bin/python3';

/** Sends a raw frame, given as hexadecimal text, out of an instance's interface. */
export async function sendFrame(node: LabNode, frame: string, count = 1): Promise<void> {
  await node.exec([PYTHON, FRAMES, 'send', 'eth0', String(count), frame]);
}

/** Everything that comes in at a node's interface, as hexadecimal text. */
export class FrameTap implements AsyncDisposable {
  readonly #process: LabProcess;
  #text = '';

  private constructor(process: LabProcess) {
    this.#process = process;
    process.output.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
    });
  }

  static async open(node: LabNode, device = 'eth0'): Promise<FrameTap> {
    const tap = new FrameTap(node.spawn(`frames-${device}`, [PYTHON, FRAMES, 'listen', device], { piped: true }));
    await waitFor(
      () => tap.#text,
      (text) => text.startsWith('listening'),
      { what: `${node.name} listens on ${device}` },
    );
    return tap;
  }

  get frames(): readonly string[] {
    return this.#text.split('\n').slice(1, -1);
  }

  /** Frames that contain an octet string. */
  containing(hexadecimal: string): readonly string[] {
    return this.frames.filter((frame) => frame.includes(hexadecimal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
