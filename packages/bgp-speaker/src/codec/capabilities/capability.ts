import type { BgpFamily } from '@slash32/shared';

/** RFC 9234 section 4.1, numbers of the wire in this order. */
export const BGP_ROLES = ['provider', 'route-server', 'route-server-client', 'customer', 'peer'] as const;
export type BgpRole = (typeof BGP_ROLES)[number];

/** An `(AFI, SAFI)` pair of a capability; `family` is set if this speaker knows it. */
export interface AfiSafi {
  readonly afi: number;
  readonly safi: number;
  readonly family?: BgpFamily;
}

export interface GracefulRestartFamily extends AfiSafi {
  /** F bit: the sender kept its forwarding state for the family. */
  readonly forwardingPreserved: boolean;
}

export interface LongLivedGracefulRestartFamily extends GracefulRestartFamily {
  /** 0–16,777,215. */
  readonly staleTimeSeconds: number;
}

export interface AddPathFamily extends AfiSafi {
  readonly direction: 'receive' | 'send' | 'both';
}

export interface ExtendedNextHopFamily extends AfiSafi {
  readonly nextHopAfi: number;
}

/** A capability of an OPEN (RFC 5492). Codes as in IANA's "Capability Codes" registry. */
export type Capability =
  /** 1, RFC 4760 section 8. */
  | ({ readonly kind: 'multiprotocol' } & AfiSafi)
  /** 2, RFC 2918. */
  | { readonly kind: 'route-refresh' }
  /** 5, RFC 8950 section 4. */
  | { readonly kind: 'extended-next-hop'; readonly families: readonly ExtendedNextHopFamily[] }
  /** 6, RFC 8654. */
  | { readonly kind: 'extended-message' }
  /** 9, RFC 9234. */
  | { readonly kind: 'role'; readonly role: BgpRole }
  /** 64, RFC 4724; N bit of RFC 8538. */
  | {
      readonly kind: 'graceful-restart';
      /** R bit. */
      readonly restarting: boolean;
      /** N bit: keeps routes over NOTIFICATION and hold timer expiry as well. */
      readonly notification: boolean;
      /** 0–4095. */
      readonly restartTimeSeconds: number;
      readonly families: readonly GracefulRestartFamily[];
    }
  /** 65, RFC 6793. */
  | { readonly kind: 'four-octet-as'; readonly asNumber: number }
  /** 69, RFC 7911. */
  | { readonly kind: 'add-path'; readonly families: readonly AddPathFamily[] }
  /** 70, RFC 7313. */
  | { readonly kind: 'enhanced-route-refresh' }
  /** 71, RFC 9494. */
  | { readonly kind: 'long-lived-graceful-restart'; readonly families: readonly LongLivedGracefulRestartFamily[] }
  /** 73, draft-walton-bgp-hostname-capability; UTF-8. */
  | { readonly kind: 'hostname'; readonly hostname: string; readonly domain: string }
  /** 75, draft-abraitis-bgp-version-capability; UTF-8. */
  | { readonly kind: 'software-version'; readonly version: string }
  /** Any other code, or a known one whose value has an unknown form: kept as it came. */
  | { readonly kind: 'unknown'; readonly code: number; readonly value: Uint8Array };
