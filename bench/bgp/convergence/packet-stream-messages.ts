/** Packets at a steady rate to one address, numbered, and who counts them. */
export type PacketStreamSettings =
  | {
      readonly role: 'send';
      /** Addresses; the first is used until told otherwise. */ readonly from: readonly string[];
      readonly to: string;
      readonly port: number;
      readonly perSecond: number;
    }
  | { readonly role: 'count'; readonly at: string; readonly port: number };

/** `use`, for the sender: the address with that index from now on. `report`, of `count`: of the packets with numbers from `from` to below `to`. */
export type PacketStreamCommand =
  | { readonly op: 'use'; readonly index: number }
  | { readonly op: 'report'; readonly from: number; readonly to: number };

/** `send`: so many packets have been sent, so this is the next one's number; `count`: so many different ones have come. */
export type PacketStreamEvent = { readonly event: 'ready' } | { readonly event: 'report'; readonly packets: number };
