/** What the codec makes of a message, as one word. */
export type VectorOutcome =
  | 'accept'
  | 'withdraw'
  | 'eor'
  | 'close'
  | 'attribute-discard'
  | 'treat-as-withdraw'
  | 'disable-family'
  | 'notification';

export interface VectorDecision {
  readonly outcome: VectorOutcome;
  readonly why: string;
}

const FSM = 'the message itself is sound; that it is out of place is for the FSM (RFC 6608)';
const POLICY = 'sound on the wire; needs local addresses or identifiers, so the import policy decides';

/**
 * Rows whose `expect` is not what the codec does, or leaves a choice; each with the reason. All other rows of the
 * authored part must come out exactly as they say.
 */
export const AUTHORED_DECISIONS: Readonly<Record<string, VectorDecision>> = {
  'rfc-open/update-before-open': { outcome: 'eor', why: FSM },
  'rfc-open/keepalive-before-open': { outcome: 'accept', why: FSM },
  'rfc-header/second-open': { outcome: 'accept', why: FSM },
  'rfc-update/as-loop': { outcome: 'accept', why: POLICY },
  'rfc-update/nexthop-own-address': { outcome: 'accept', why: POLICY },
  'rfc-update/nexthop-off-subnet-ebgp': { outcome: 'accept', why: POLICY },
  'rfc-update/originator-id-loop': { outcome: 'accept', why: POLICY },
  'rfc-update/as-set': {
    outcome: 'treat-as-withdraw',
    why: 'RFC 9774 (2025) forbids AS_SET and asks for treat-as-withdraw; the four observed speakers are older',
  },
  'rfc-update/withdraw-unknown-prefix': { outcome: 'withdraw', why: 'the codec knows no table; it is a withdrawal' },
  'rfc-update/duplicate-origin': {
    outcome: 'attribute-discard',
    why: 'accepted with the first ORIGIN; the second is discarded and reported (RFC 7606 3 g)',
  },
  'rfc-update/mp-reach-unnegotiated-family': {
    outcome: 'attribute-discard',
    why: 'ignored and reported; a reset would cost the families that work',
  },
  'rfc-update/mp-reach-prefixlen-129': {
    outcome: 'disable-family',
    why: 'RFC 7606 leaves the choice; the family is named, so the consumer can spare the other one',
  },
  'rfc-update/rfc8950-v4-over-v6-nh-unnegotiated': {
    outcome: 'disable-family',
    why: 'RFC 7606 7.11: a next hop length that the family does not have',
  },
  'cve/CVE-2023-46752-mp-reach-malformed': {
    outcome: 'disable-family',
    why: 'RFC 7606 7.11; the IPv4 route in the NLRI field of the same message is of that family and is dropped, too',
  },
  'cve/CVE-2023-41360-orf-short-refresh': {
    outcome: 'notification',
    why: 'ORF is never negotiated, so a ROUTE-REFRESH has 23 octets (RFC 7313 section 5: 7/1)',
  },
};

/** The same for the ExaBGP rows, whose `expect` says only what another decoder reads. */
export const EXABGP_DECISIONS: Readonly<Record<string, VectorDecision>> = {
  'exabgp-dec/ipv4-unicast-2': { outcome: 'accept', why: 'attributes without any NLRI: nothing to do' },
  'exabgp-enc/conf-attributes.ci/2': { outcome: 'treat-as-withdraw', why: 'next hop 255.255.255.255' },
  'exabgp-enc/conf-ipself4.ci/0': { outcome: 'treat-as-withdraw', why: 'next hop 127.0.0.1' },
  'exabgp-enc/conf-generic-attribute.ci/1': {
    outcome: 'notification',
    why: 'attribute 153 is flagged well-known (RFC 4271 6.3: 3/2)',
  },
  'exabgp-enc/conf-generic-attribute.ci/2': { outcome: 'notification', why: 'as the row before it' },
  'exabgp-enc/extended-nexthop.ci/1': {
    outcome: 'disable-family',
    why: 'IPv6 routes with an IPv4 next hop: no RFC defines that for unicast',
  },
};
