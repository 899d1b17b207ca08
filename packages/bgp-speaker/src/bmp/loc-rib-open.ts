import { AS_TRANS, BGP_FAMILIES, BGP_VERSION, FAMILY_PARAMETERS, type OpenMessage } from '../codec/index.ts';

/** The OPEN that stands for both of the session that Loc-RIB does not have (RFC 9069 4.4): what its UPDATEs are read by. */
export function locRibOpen({
  asNumber,
  routerId,
}: {
  readonly asNumber: number;
  readonly routerId: string;
}): OpenMessage {
  const families = BGP_FAMILIES.map((family) => FAMILY_PARAMETERS[family]);
  const { afi, safi } = FAMILY_PARAMETERS['ipv4-unicast'];
  const nextHopAfi = FAMILY_PARAMETERS['ipv6-unicast'].afi;
  return {
    version: BGP_VERSION,
    myAs: asNumber > 0xffff ? AS_TRANS : asNumber,
    holdTimeSeconds: 0,
    routerId,
    capabilities: [
      ...families.map((family) => ({ kind: 'multiprotocol', ...family }) as const),
      { kind: 'extended-next-hop', families: [{ family: 'ipv4-unicast', afi, safi, nextHopAfi }] },
      { kind: 'four-octet-as', asNumber },
    ],
  };
}
