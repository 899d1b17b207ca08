import { z } from 'zod';
import {
  addPathsField,
  bfdField,
  gracefulRestartField,
  policyNames,
  prefixLimit,
  remoteAsField,
} from './bgp-peer-fields.ts';
import {
  apiVersionField,
  asNumberField,
  clusterMetadata,
  interfaceNameField,
  ipAddressField,
  prefixField,
  selectorField,
  statusField,
} from './field-types.ts';
import { BUILT_IN_POLICIES } from './route-policy.ts';

/** Of a BGPPeer with `range` that says nothing else. */
export const MAX_DYNAMIC_PEERS = 100;

interface PeerFields {
  readonly address?: string | undefined;
  readonly interface?: string | undefined;
  readonly range?: string | undefined;
  readonly maxDynamicPeers?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly multihopTtl?: number | undefined;
  readonly ttlSecurity?: { readonly hops: number } | undefined;
  readonly routeServerClient: boolean;
  readonly asOverride: boolean;
  readonly removePrivateAs?: string | undefined;
  readonly holdTimeSeconds: number;
  readonly sendHoldSeconds?: number | undefined;
  readonly role?: string | undefined;
  readonly strictRole?: boolean | undefined;
}

function checkPeerFields(peer: PeerFields, context: z.RefinementCtx): void {
  const fault = (field: keyof PeerFields, message: string) =>
    context.addIssue({ code: 'custom', path: [field], message });
  if (peer.address === undefined && peer.interface === undefined && peer.range === undefined) {
    fault('address', 'is required, unless interface names the link to the router, or range where routers call from');
  }
  if (peer.strictRole === true && peer.role === undefined) {
    fault('strictRole', 'needs role: which role the router has to have follows from ours');
  }
  if (peer.range !== undefined) {
    for (const field of ['address', 'interface', 'localAddress'] as const) {
      if (peer[field] !== undefined) fault(field, 'excludes range: the routers of a range call us; leave it out');
    }
  } else if (peer.maxDynamicPeers !== undefined) {
    fault('maxDynamicPeers', 'is for a range; leave it out, or give range instead of address');
  }
  if (peer.address !== undefined && peer.interface !== undefined) {
    fault('interface', 'excludes address: the router at the other end is found by itself; leave one of them out');
  }
  for (const field of ['asOverride', 'removePrivateAs'] as const) {
    if (peer.routeServerClient || peer[field] === undefined || peer[field] === false) continue;
    fault(
      field,
      'is for a route server client: to other routers goes no foreign AS_PATH over AS borders; leave it out',
    );
  }
  if (peer.interface !== undefined && peer.localAddress !== undefined) {
    fault('localAddress', 'excludes interface: the link-local address of that interface is used; leave it out');
  }
  if (peer.interface !== undefined && peer.multihopTtl !== undefined) {
    fault('multihopTtl', 'excludes interface: the router is on that link; leave it out');
  }
  if (peer.sendHoldSeconds !== undefined && peer.sendHoldSeconds <= peer.holdTimeSeconds) {
    fault('sendHoldSeconds', `must be more than holdTimeSeconds, ${peer.holdTimeSeconds} (RFC 9687 4)`);
  }
  if (peer.ttlSecurity !== undefined && peer.multihopTtl !== undefined) {
    fault(
      'multihopTtl',
      'excludes ttlSecurity, which sends TTL 255; leave it out, and give the distance as ttlSecurity.hops',
    );
  }
}

/** A router that the selected hosts hold a BGP session with. */
export const bgpPeerSchema = z
  .strictObject({
    apiVersion: apiVersionField,
    kind: z.literal('BGPPeer'),
    metadata: clusterMetadata,
    spec: z
      .strictObject({
        hosts: selectorField.describe('label selector over Hosts, for example rack == "a"'),
        address: ipAddressField.optional().describe('address of the router; either this, interface or range'),
        interface: interfaceNameField
          .optional()
          .describe(
            'instead of address: the router at the other end of this interface, found by its router advertisements (unnumbered; RFC 8950)',
          ),
        range: prefixField
          .refine((text) => !text.startsWith('fe80:'), 'cannot be of link-local addresses; name the link as interface')
          .optional()
          .describe(
            'instead of address: routers whose address is in this prefix may call, and each gets a session of its own (dynamic neighbours). A BGPPeer with the address itself, or a longer range, comes first',
          ),
        maxDynamicPeers: z
          .int()
          .min(1)
          .max(10_000)
          .optional()
          .describe(`how many routers of the range at once; left out: ${MAX_DYNAMIC_PEERS}`),
        asNumber: remoteAsField.describe(
          'AS number of the router; external: any but ours; internal: ours; a list: one of these. The router’s OPEN says which it is',
        ),
        localAddress: ipAddressField.optional().describe('source of the session; left out: the kernel’s choice'),
        families: z
          .array(z.enum(['ipv4-unicast', 'ipv6-unicast']))
          .min(1)
          .default(['ipv4-unicast', 'ipv6-unicast'])
          .describe('address families to exchange'),
        holdTimeSeconds: z
          .int()
          .refine(
            (seconds) => seconds === 0 || (seconds >= 3 && seconds <= 65_535),
            'must be 0 (never expires) or 3–65535 (RFC 4271 4.2)',
          )
          .default(90)
          .describe('down after this long without a word from the router'),
        connectRetrySeconds: z.int().min(1).max(65_535).default(5).describe('pause before connecting again'),
        sendHoldSeconds: z
          .int()
          .min(1)
          .max(65_535)
          .optional()
          .describe(
            'down after the router has read nothing that we sent for this long, whatever it says (RFC 9687); more than holdTimeSeconds; left out: 480, or twice the hold time if that is more',
          ),
        delayOpenSeconds: z
          .int()
          .min(1)
          .max(240)
          .optional()
          .describe(
            'let the router speak first: hold our OPEN back for so long (DelayOpen, RFC 4271 8.1.1); left out: not',
          ),
        passive: z.boolean().default(false).describe('wait for the router to connect; of a range always so'),
        multihopTtl: z
          .int()
          .min(1)
          .max(255)
          .optional()
          .describe('TTL of what is sent, for an eBGP router that is not on the link; left out: 1; iBGP: the kernel’s'),
        ttlSecurity: z
          .strictObject({
            hops: z.int().min(1).max(254).describe('hops to the router; 1: it is on the link'),
          })
          .optional()
          .describe(
            'take nothing from farther away (GTSM, RFC 5082): sends TTL 255, drops what comes with less than 256 − hops; the router must do the same',
          ),
        passwordFile: z
          .string()
          .regex(/^\//, 'must be an absolute path')
          .optional()
          .describe(
            'file on the host with the password of the session (TCP-MD5, RFC 2385), 1–80 octets; read again when it changes. Without it the session stays closed',
          ),
        introduce: z
          .enum(['nothing', 'hostname', 'hostname-and-version'])
          .default('hostname')
          .describe(
            'what the router is told of us in the OPEN, for people there: the name of the Host (capability 73), and the version of the speaker (75)',
          ),
        bfd: bfdField
          .optional()
          .describe(
            'notice within milliseconds that the router is gone (RFC 5880, 5882): true is every 100 ms, 3 missing; left out: the hold time alone',
          ),
        gracefulRestart: gracefulRestartField
          .prefault({})
          .describe('whose routes are kept while a session is away, and for how long (RFC 4724, RFC 8538)'),
        import: policyNames(BUILT_IN_POLICIES.import, 'which of the router’s routes to use'),
        export: policyNames(BUILT_IN_POLICIES.export, 'which routes of instances to announce'),
        acceptBlackhole: z
          .boolean()
          .default(false)
          .describe(
            'let the router have packets to single addresses dropped here: its /32 and /128 routes with the community BLACKHOLE become blackhole routes (RFC 7999)',
          ),
        maxPrefixes: z
          .strictObject({ 'ipv4-unicast': prefixLimit.optional(), 'ipv6-unicast': prefixLimit.optional() })
          .optional()
          .describe('how much the router may announce, by family (RFC 4486); left out: no limit'),
        addPaths: addPathsField
          .optional()
          .describe('several paths per prefix (ADD-PATH, RFC 7911), each with its identifier; left out: not offered'),
        routeReflectorClient: z
          .boolean()
          .default(false)
          .describe(
            'pass its routes on to other iBGP routers, and theirs to it (RFC 4456): this host is a route reflector; iBGP only',
          ),
        routeServerClient: z
          .boolean()
          .default(false)
          .describe(
            'pass its routes on to other clients, and theirs to it, AS_PATH and next hop as they are (RFC 7947): this host is a route server; eBGP only',
          ),
        asOverride: z
          .boolean()
          .default(false)
          .describe(
            'of a route server client: where its own AS number is in the AS_PATH of what is passed on to it, put ours',
          ),
        removePrivateAs: z
          .enum(['only', 'all', 'replace'])
          .optional()
          .describe(
            'of a route server client: private AS numbers (RFC 6996) in what is passed on to it go if there are no others (only), always (all), or ours takes the place of each (replace); its own one stays',
          ),
        role: z
          .enum(['provider', 'customer', 'peer', 'route-server', 'route-server-client'])
          .optional()
          .describe(
            'our role towards the router (RFC 9234): customer if it gives us transit; marks routes only-to-customer, and refuses leaked ones; the router’s role must fit; eBGP only; left out: none',
          ),
        strictRole: z.boolean().default(false).describe('no session with a router that does not give its role'),
        localAsNumber: asNumberField.optional().describe('our AS number towards this router; left out: the host’s'),
        allowOwnAs: z
          .int()
          .min(0)
          .max(10)
          .default(0)
          .describe('how often our own AS may be in the AS_PATH of a received route, where hosts share one AS number'),
      })
      .superRefine(checkPeerFields),
    status: statusField,
  })
  .describe('a router that the selected hosts hold a BGP session with');

export type BGPPeer = z.output<typeof bgpPeerSchema>;
