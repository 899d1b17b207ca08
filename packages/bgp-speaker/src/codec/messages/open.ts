import type { Capability } from '../capabilities/capability.ts';

export interface OpenMessage {
  /** 4. */
  readonly version: number;
  /** The 2-octet field as it is on the wire: AS_TRANS (23456) if the AS number needs four octets. */
  readonly myAs: number;
  /** 0, or 3–65,535. */
  readonly holdTimeSeconds: number;
  /** BGP Identifier, dotted quad. */
  readonly routerId: string;
  /** In the order of the message; a repeated one is kept as often as it came. */
  readonly capabilities: readonly Capability[];
}
