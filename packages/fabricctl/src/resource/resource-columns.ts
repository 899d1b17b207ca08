import type { DatastoreEntry, Resource, ResourceKind, ResourceOfKind } from '@slash32/shared';
import type { Column } from '../output/table.ts';

/** A column of one kind; `wide`: shown with `-o wide` only. */
interface KindColumn<Kind extends ResourceKind> {
  readonly header: string;
  readonly value: (resource: ResourceOfKind<Kind>) => string;
  readonly wide?: true;
  readonly wrap?: true;
}

const KIND_COLUMNS: { readonly [Kind in ResourceKind]: readonly KindColumn<Kind>[] } = {
  FabricConfiguration: [
    { header: 'AS', value: ({ spec }) => numberText(spec.asNumber) },
    { header: 'SITE', value: ({ spec }) => spec.siteCidrs.join(', '), wrap: true },
    { header: 'INTERFACES', value: ({ spec }) => spec.interfacePrefixes.map((prefix) => `${prefix}*`).join(', ') },
  ],
  Host: [
    { header: 'ADDRESS', value: ({ spec }) => spec.address },
    { header: 'ADDRESS6', value: ({ spec }) => spec.address6 ?? '' },
    { header: 'AS', value: ({ spec }) => numberText(spec.asNumber) },
    { header: 'ROUTER-ID', value: ({ spec }) => spec.routerId ?? spec.address, wide: true },
    { header: 'MASQUERADE', value: ({ spec }) => spec.masqueradeAddress ?? spec.address, wide: true },
  ],
  Network: [
    { header: 'POOLS', value: ({ spec }) => spec.pools.map(({ cidr }) => cidr).join(', '), wrap: true },
    { header: 'REACH', value: ({ spec }) => spec.reach },
    { header: 'NAT', value: ({ spec }) => spec.egressNat.ipv4 },
    {
      header: 'GATEWAYS',
      value: ({ spec }) => spec.pools.map(({ gateway }) => gateway ?? 'fe80::1').join(', '),
      wide: true,
    },
  ],
  Instance: [
    { header: 'HOST', value: ({ spec }) => spec.host },
    { header: 'INTERFACE', value: ({ spec }) => spec.interface },
    { header: 'NETWORK', value: ({ spec }) => spec.network },
    { header: 'ADDRESSES', value: ({ spec }) => spec.addresses.join(', '), wrap: true },
    {
      header: 'GROUPS',
      value: ({ spec }) => (spec.portSecurity ? spec.securityGroups.join(', ') || 'none: closed' : 'unfiltered'),
      wrap: true,
    },
    { header: 'MAC', value: ({ spec }) => spec.mac, wide: true },
    {
      header: 'PAIRS',
      value: ({ spec }) => spec.allowedAddressPairs.map(({ cidr }) => cidr).join(', '),
      wide: true,
      wrap: true,
    },
  ],
  SecurityGroup: [
    { header: 'INGRESS', value: ({ spec }) => String(countRules(spec.rules, 'ingress')) },
    { header: 'EGRESS', value: ({ spec }) => String(countRules(spec.rules, 'egress')) },
    { header: 'STATEFUL', value: ({ spec }) => (spec.stateful ? 'yes' : 'no') },
  ],
  AddressGroup: [{ header: 'CIDRS', value: ({ spec }) => spec.cidrs.join(', '), wrap: true }],
  BGPPeer: [
    { header: 'ADDRESS', value: ({ spec }) => spec.address ?? spec.range ?? `on ${spec.interface}` },
    { header: 'AS', value: ({ spec }) => [spec.asNumber].flat().join(', ') },
    { header: 'HOSTS', value: ({ spec }) => spec.hosts },
    { header: 'FAMILIES', value: ({ spec }) => spec.families.join(', ') },
    { header: 'IMPORT', value: ({ spec }) => spec.import.join(', '), wide: true, wrap: true },
    { header: 'EXPORT', value: ({ spec }) => spec.export.join(', '), wide: true, wrap: true },
    { header: 'HOLD', value: ({ spec }) => `${spec.holdTimeSeconds}s`, wide: true },
    { header: 'PASSIVE', value: ({ spec }) => (spec.passive ? 'yes' : 'no'), wide: true },
    { header: 'BFD', value: ({ spec }) => (spec.bfd === undefined || spec.bfd === false ? 'no' : 'yes'), wide: true },
  ],
  RoutePolicy: [
    { header: 'TERMS', value: ({ spec }) => String(spec.terms.length) },
    {
      header: 'ACTIONS',
      value: ({ spec }) => spec.terms.map(({ name, action }, index) => `${name ?? index + 1}: ${action}`).join(', '),
      wrap: true,
    },
  ],
};

export interface ColumnChoice {
  readonly wide: boolean;
  /** Rows of several tenants: say whose each is. */
  readonly namespaces: boolean;
  readonly labels: boolean;
}

/** The columns that `get` shows for resources of `kind`. */
export function resourceColumns(
  kind: ResourceKind,
  { wide, namespaces, labels }: ColumnChoice,
): readonly Column<DatastoreEntry>[] {
  const columns: Column<DatastoreEntry>[] = [];
  if (namespaces) columns.push({ header: 'NAMESPACE', value: ({ resource }) => namespaceOf(resource) ?? '' });
  columns.push({ header: 'NAME', value: ({ resource }) => resource.metadata.name });
  columns.push(...entryColumns(kind, wide));
  if (labels || wide) columns.push({ header: 'LABELS', value: ({ resource }) => labelText(resource), wrap: true });
  if (wide) {
    columns.push({
      header: 'FROM',
      value: ({ origin }) => (origin === undefined ? '' : `${origin.file}:${origin.line}`),
    });
  }
  return columns;
}

export function namespaceOf(resource: Resource): string | undefined {
  return 'namespace' in resource.metadata ? resource.metadata.namespace : undefined;
}

function entryColumns<Kind extends ResourceKind>(kind: Kind, wide: boolean): readonly Column<DatastoreEntry>[] {
  return KIND_COLUMNS[kind]
    .filter((column) => wide || column.wide !== true)
    .map(({ header, value, wrap }) => ({
      header,
      value: ({ resource }) => (isOfKind(resource, kind) ? value(resource) : ''),
      ...(wrap === undefined ? {} : { wrap }),
    }));
}

function isOfKind<Kind extends ResourceKind>(resource: Resource, kind: Kind): resource is ResourceOfKind<Kind> {
  return resource.kind === kind;
}

function labelText({ metadata }: Resource): string {
  return Object.entries(metadata.labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

function countRules(rules: readonly { direction: string }[], direction: string): number {
  return rules.filter((rule) => rule.direction === direction).length;
}

function numberText(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}
