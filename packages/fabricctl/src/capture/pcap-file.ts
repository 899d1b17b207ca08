import { type FileHandle, open } from 'node:fs/promises';

/** Packets begin with their IP header. */
const LINKTYPE_RAW = 101;
const SNAP_LENGTH = 262_144;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;

/** A capture file in the format of libpcap 2.4, whole after every packet, so that it may be read while it grows. */
export class PcapFile implements AsyncDisposable {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Makes the file, or empties it. Rejects with the system's error. */
  static async create(path: string): Promise<PcapFile> {
    const file = await open(path, 'w', 0o600);
    const header = new DataView(new ArrayBuffer(24));
    header.setUint32(0, MAGIC_MICROSECONDS);
    header.setUint16(4, 2);
    header.setUint16(6, 4);
    header.setUint32(16, SNAP_LENGTH);
    header.setUint32(20, LINKTYPE_RAW);
    await file.write(new Uint8Array(header.buffer));
    return new PcapFile(file);
  }

  /** `wallMs`: milliseconds since 1970, fractions are kept down to microseconds. */
  async append(packet: Uint8Array, wallMs: number): Promise<void> {
    const header = new DataView(new ArrayBuffer(16));
    const seconds = Math.floor(wallMs / 1000);
    header.setUint32(0, seconds);
    header.setUint32(4, Math.floor((wallMs - seconds * 1000) * 1000));
    header.setUint32(8, packet.length);
    header.setUint32(12, packet.length);
    await this.#file.write(Buffer.concat([new Uint8Array(header.buffer), packet]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
