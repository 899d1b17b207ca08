import {
  type BgpMessage,
  type Capability,
  type CodecContext,
  type DecodedUpdate,
  type NlriBlock,
  type OpenMessage,
  ORIGINS,
  prefixKeyToText,
  shutdownCommunication,
} from '../../src/codec/index.ts';

/** Names of tshark's fields that say what is wrong with a packet. */
export const COMPLAINTS = ['_ws.malformed', '_ws.expert.message'] as const;

const AS_TRANS = 23_456;
const ATTRIBUTE = 'bgp.update.path_attribute';

/** tshark's fields of a message, as they must be if it reads the octets as we do. */
export type Fields = ReadonlyMap<string, readonly string[]>;

/** All fields that {@link fieldsOf} may give. */
export const FIELD_NAMES: readonly string[] = [
  'bgp.type',
  'bgp.open.version',
  'bgp.open.myas',
  'bgp.open.holdtime',
  'bgp.open.identifier',
  'bgp.cap.type',
  'bgp.cap.mp.afi',
  'bgp.cap.mp.safi',
  'bgp.cap.4as',
  'bgp.cap.enh.afi',
  'bgp.cap.enh.safi',
  'bgp.cap.enh.nhafi',
  'bgp.cap.gr.timers.restart_flag',
  'bgp.cap.gr.timers.notification_flag',
  'bgp.cap.gr.timers.restart_time',
  'bgp.cap.gr.afi',
  'bgp.cap.gr.safi',
  'bgp.cap.gr.flag.pfs',
  'bgp.cap.ap.afi',
  'bgp.cap.ap.safi',
  'bgp.cap.ap.sendreceive',
  'bgp.cap.orf.fqdn.hostname',
  'bgp.cap.orf.fqdn.domain_name',
  'bgp.notify.major_error',
  'bgp.notify.minor_error_cease',
  'bgp.notify.minor_error_open',
  'bgp.notify.minor_error_update',
  'bgp.notify.communication',
  'bgp.route_refresh.afi',
  'bgp.route_refresh.subtype',
  'bgp.route_refresh.safi',
  `${ATTRIBUTE}.origin`,
  `${ATTRIBUTE}.as_path_segment.as2`,
  `${ATTRIBUTE}.as_path_segment.as4`,
  `${ATTRIBUTE}.next_hop`,
  `${ATTRIBUTE}.multi_exit_disc`,
  `${ATTRIBUTE}.local_pref`,
  `${ATTRIBUTE}.aggregator_as`,
  `${ATTRIBUTE}.aggregator_origin`,
  `${ATTRIBUTE}.community_wellknown`,
  `${ATTRIBUTE}.community_as`,
  `${ATTRIBUTE}.community_value`,
  `${ATTRIBUTE}.originator_id`,
  'bgp.path_attribute.cluster_id',
  'bgp.large_communities.ga',
  'bgp.large_communities.ldp1',
  'bgp.large_communities.ldp2',
  `${ATTRIBUTE}.mp_reach_nlri.afi`,
  `${ATTRIBUTE}.mp_reach_nlri.next_hop.ipv4`,
  `${ATTRIBUTE}.mp_reach_nlri.next_hop.ipv6`,
  `${ATTRIBUTE}.mp_reach_nlri.next_hop.ipv6.link_local`,
  `${ATTRIBUTE}.mp_unreach_nlri.afi`,
  'bgp.nlri_prefix',
  'bgp.withdrawn_prefix',
  'bgp.mp_reach_nlri_ipv4_prefix',
  'bgp.mp_unreach_nlri_ipv4_prefix',
  'bgp.mp_reach_nlri_ipv6_prefix',
  'bgp.mp_unreach_nlri_ipv6_prefix',
  'bgp.prefix_length',
  'bgp.nlri_path_id',
];

const CODES = { open: '1', update: '2', notification: '3', keepalive: '4', 'route-refresh': '5' } as const;

/** What tshark must read in a message that the codec reads as `message`. */
export function fieldsOf(message: BgpMessage, context: CodecContext): Fields {
  const fields = new FieldMap();
  fields.put('bgp.type', CODES[message.type]);
  switch (message.type) {
    case 'open':
      openFields(fields, message.open);
      break;
    case 'update':
      updateFields(fields, message.update, context);
      break;
    case 'notification': {
      const { code, subcode } = message.notification;
      fields.put('bgp.notify.major_error', String(code));
      const names = { 2: 'open', 3: 'update', 6: 'cease' } as const;
      const name = code === 2 || code === 3 || code === 6 ? names[code] : undefined;
      if (name !== undefined) fields.put(`bgp.notify.minor_error_${name}`, String(subcode));
      fields.put('bgp.notify.communication', shutdownCommunication(message.notification));
      break;
    }
    case 'route-refresh': {
      const { afi, safi, subtype } = message.routeRefresh;
      fields.put('bgp.route_refresh.afi', String(afi));
      fields.put('bgp.route_refresh.safi', String(safi));
      fields.put('bgp.route_refresh.subtype', String(['request', 'begin', 'end'].indexOf(subtype)));
      break;
    }
    case 'keepalive':
      break;
  }
  return fields.values;
}

class FieldMap {
  readonly values = new Map<string, string[]>(FIELD_NAMES.map((name) => [name, []]));

  put(name: string, ...values: readonly (string | number | undefined)[]): void {
    const list = this.values.get(name);
    if (list === undefined) throw new Error(`${name} is not in FIELD_NAMES`);
    for (const value of values) if (value !== undefined) list.push(String(value));
  }
}

function openFields(fields: FieldMap, open: OpenMessage): void {
  fields.put('bgp.open.version', open.version);
  fields.put('bgp.open.myas', open.myAs);
  fields.put('bgp.open.holdtime', open.holdTimeSeconds);
  fields.put('bgp.open.identifier', open.routerId);
  for (const capability of open.capabilities) capabilityFields(fields, capability);
}

const CAPABILITY_TYPES: Readonly<Record<Exclude<Capability['kind'], 'unknown'>, number>> = {
  multiprotocol: 1,
  'route-refresh': 2,
  'extended-next-hop': 5,
  'extended-message': 6,
  role: 9,
  'graceful-restart': 64,
  'four-octet-as': 65,
  'add-path': 69,
  'enhanced-route-refresh': 70,
  'long-lived-graceful-restart': 71,
  hostname: 73,
  'software-version': 75,
};

const bit = (value: boolean): string => (value ? '1' : '0');

function capabilityFields(fields: FieldMap, capability: Capability): void {
  fields.put('bgp.cap.type', capability.kind === 'unknown' ? capability.code : CAPABILITY_TYPES[capability.kind]);
  switch (capability.kind) {
    case 'multiprotocol':
      fields.put('bgp.cap.mp.afi', capability.afi);
      fields.put('bgp.cap.mp.safi', capability.safi);
      return;
    case 'four-octet-as':
      fields.put('bgp.cap.4as', capability.asNumber);
      return;
    case 'extended-next-hop':
      for (const { afi, safi, nextHopAfi } of capability.families) {
        fields.put('bgp.cap.enh.afi', afi);
        fields.put('bgp.cap.enh.safi', safi);
        fields.put('bgp.cap.enh.nhafi', nextHopAfi);
      }
      return;
    case 'graceful-restart':
      fields.put('bgp.cap.gr.timers.restart_flag', bit(capability.restarting));
      fields.put('bgp.cap.gr.timers.notification_flag', bit(capability.notification));
      fields.put('bgp.cap.gr.timers.restart_time', capability.restartTimeSeconds);
      for (const { afi, safi, forwardingPreserved } of capability.families) {
        fields.put('bgp.cap.gr.afi', afi);
        fields.put('bgp.cap.gr.safi', safi);
        fields.put('bgp.cap.gr.flag.pfs', bit(forwardingPreserved));
      }
      return;
    case 'add-path':
      for (const { afi, safi, direction } of capability.families) {
        fields.put('bgp.cap.ap.afi', afi);
        fields.put('bgp.cap.ap.safi', safi);
        fields.put('bgp.cap.ap.sendreceive', ['receive', 'send', 'both'].indexOf(direction) + 1);
      }
      return;
    case 'hostname':
      fields.put('bgp.cap.orf.fqdn.hostname', capability.hostname);
      // tshark has no field for a domain of no octets.
      if (capability.domain !== '') fields.put('bgp.cap.orf.fqdn.domain_name', capability.domain);
      return;
    default:
      return;
  }
}

function updateFields(fields: FieldMap, update: DecodedUpdate, context: CodecContext): void {
  const [withdrawn, withdrawnMp] = split(update.withdrawn);
  const [reachable] = update.reachable;
  if (update.endOfRib === 'ipv6-unicast') fields.put(`${ATTRIBUTE}.mp_unreach_nlri.afi`, 2);
  // The order of the wire: Withdrawn Routes, MP_REACH_NLRI first of the attributes, NLRI.
  blockFields(fields, 'bgp.withdrawn_prefix', withdrawn);
  if (withdrawnMp !== undefined) {
    fields.put(`${ATTRIBUTE}.mp_unreach_nlri.afi`, 2);
    blockFields(fields, 'bgp.mp_unreach_nlri_ipv6_prefix', withdrawnMp);
  }
  if (reachable === undefined) return;
  attributeFields(fields, update, context);
  const { family, nextHop } = reachable;
  if (family === 'ipv4-unicast' && !nextHop.address.includes(':')) {
    fields.put(`${ATTRIBUTE}.next_hop`, nextHop.address);
    blockFields(fields, 'bgp.nlri_prefix', reachable);
    return;
  }
  fields.put(`${ATTRIBUTE}.mp_reach_nlri.afi`, family === 'ipv4-unicast' ? 1 : 2);
  fields.put(`${ATTRIBUTE}.mp_reach_nlri.next_hop.ipv6`, nextHop.address);
  fields.put(`${ATTRIBUTE}.mp_reach_nlri.next_hop.ipv6.link_local`, nextHop.linkLocal);
  blockFields(fields, `bgp.mp_reach_nlri_ipv${family === 'ipv4-unicast' ? 4 : 6}_prefix`, reachable);
}

function split(blocks: readonly NlriBlock[]): readonly [NlriBlock | undefined, NlriBlock | undefined] {
  return [
    blocks.find(({ family }) => family === 'ipv4-unicast'),
    blocks.find(({ family }) => family !== 'ipv4-unicast'),
  ];
}

function blockFields(fields: FieldMap, name: string, block: NlriBlock | undefined): void {
  for (const [index, key] of (block?.prefixes ?? []).entries()) {
    const [address = '', length = ''] = prefixKeyToText(key).split('/');
    fields.put(name, address);
    fields.put('bgp.prefix_length', length);
    fields.put('bgp.nlri_path_id', block?.pathIds?.[index]);
  }
}

function attributeFields(fields: FieldMap, { attributes }: DecodedUpdate, { fourOctetAs }: CodecContext): void {
  const put = (name: string, ...values: readonly (string | number | undefined)[]): void =>
    fields.put(`${ATTRIBUTE}.${name}`, ...values);
  put('origin', ORIGINS.indexOf(attributes.origin));
  const asNumbers = attributes.asPath.flatMap((segment) => segment.asNumbers);
  const needsFour = asNumbers.some((asNumber) => asNumber > 0xffff);
  if (!fourOctetAs) put('as_path_segment.as2', ...asNumbers.map(shortAs));
  if (fourOctetAs || needsFour) put('as_path_segment.as4', ...asNumbers);
  put('multi_exit_disc', attributes.med);
  put('local_pref', attributes.localPref);
  const { aggregator } = attributes;
  if (aggregator !== undefined) {
    const both = !fourOctetAs && aggregator.asNumber > 0xffff;
    put('aggregator_as', ...(both ? [AS_TRANS] : []), aggregator.asNumber);
    put('aggregator_origin', ...(both ? [aggregator.routerId] : []), aggregator.routerId);
  }
  for (const community of attributes.communities ?? []) {
    const high = community >>> 16;
    if (high === 0 || high === 0xffff) put('community_wellknown', `0x${community.toString(16).padStart(8, '0')}`);
    else {
      put('community_as', high);
      put('community_value', community & 0xffff);
    }
  }
  put('originator_id', attributes.originatorId);
  fields.put('bgp.path_attribute.cluster_id', ...(attributes.clusterList ?? []));
  for (const { globalAdministrator, localData1, localData2 } of attributes.largeCommunities ?? []) {
    fields.put('bgp.large_communities.ga', globalAdministrator);
    fields.put('bgp.large_communities.ldp1', localData1);
    fields.put('bgp.large_communities.ldp2', localData2);
  }
}

function shortAs(asNumber: number): number {
  return asNumber > 0xffff ? AS_TRANS : asNumber;
}
