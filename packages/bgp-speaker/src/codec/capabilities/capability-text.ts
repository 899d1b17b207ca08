import { formatHex } from '../octets.ts';
import type { AfiSafi, Capability } from './capability.ts';

function formatFamily({ family, afi, safi }: AfiSafi): string {
  return family ?? `AFI ${afi} SAFI ${safi}`;
}

function formatList<Entry extends AfiSafi>(entries: readonly Entry[], detail: (entry: Entry) => string): string {
  return entries.map((entry) => `${formatFamily(entry)}${detail(entry)}`).join(', ');
}

/** A name and what it says; the name alone if that is nothing. */
function formatValue(kind: string, value: string): string {
  return value === '' ? kind : `${kind} ${value}`;
}

/** For people: `multiprotocol ipv4-unicast`, `graceful-restart 120 s (ipv4-unicast forwarding)`. */
export function formatCapability(capability: Capability): string {
  const { kind } = capability;
  switch (kind) {
    case 'multiprotocol':
      return `${kind} ${formatFamily(capability)}`;
    case 'route-refresh':
    case 'enhanced-route-refresh':
    case 'extended-message':
      return kind;
    case 'extended-next-hop':
      return formatValue(
        kind,
        formatList(capability.families, ({ nextHopAfi }) => ` via AFI ${nextHopAfi}`),
      );
    case 'role':
      return `${kind} ${capability.role}`;
    case 'graceful-restart': {
      const flags = `${capability.restarting ? ', restarting' : ''}${capability.notification ? ', notification' : ''}`;
      const families = formatList(capability.families, (entry) => (entry.forwardingPreserved ? ' forwarding' : ''));
      return `${kind} ${capability.restartTimeSeconds} s${flags}${families === '' ? '' : ` (${families})`}`;
    }
    case 'four-octet-as':
      return `${kind} ${capability.asNumber}`;
    case 'add-path':
      return formatValue(
        kind,
        formatList(capability.families, ({ direction }) => ` ${direction}`),
      );
    case 'long-lived-graceful-restart':
      return formatValue(
        kind,
        formatList(capability.families, ({ staleTimeSeconds }) => ` ${staleTimeSeconds} s`),
      );
    case 'hostname':
      return `${kind} ${JSON.stringify(capability.domain === '' ? capability.hostname : `${capability.hostname}.${capability.domain}`)}`;
    case 'software-version':
      return `${kind} ${JSON.stringify(capability.version)}`;
    case 'unknown':
      return `capability ${capability.code} 0x${formatHex(capability.value)}`;
  }
}
