const COLLATOR = new Intl.Collator('en', { numeric: true });

/** `web-2` before `web-10`. */
export function compareNames(left: string, right: string): number {
  return COLLATOR.compare(left, right);
}

/** Fewer names than this are always written out. */
const FEW = 4;

/** `{0..5}` for fewer than this would be no shorter. */
const RUN = 3;

/**
 * Names in one line, as shells write them: `shop/*` for all instances of a tenant, `shop/* (but web-1)` for nearly all,
 * `shop/web-{1..9}` for names that count up. `everybody`: the names of all instances. `self`: the one end on the other
 * side, if it is one; that it is not among `names` goes without saying.
 */
export function nameList(names: readonly string[], everybody: readonly string[], self?: string): string {
  if (names.length < FEW) return names.join(', ');
  const listed = new Set(names);
  const tenants = Map.groupBy(everybody, namespaceOf);
  const known = new Set(everybody);
  const parts: string[] = [];
  const done = new Set<string>();
  for (const name of names) {
    const namespace = known.has(name) ? namespaceOf(name) : undefined;
    if (namespace === undefined) parts.push(name);
    else if (!done.has(namespace)) {
      done.add(namespace);
      parts.push(tenantText(namespace, tenants.get(namespace) ?? [], listed, self));
    }
  }
  return parts.join(', ');
}

function tenantText(
  namespace: string,
  all: readonly string[],
  listed: ReadonlySet<string>,
  self: string | undefined,
): string {
  const here = all.filter((name) => listed.has(name)).map((name) => name.slice(namespace.length + 1));
  const written = runsOf(here.toSorted(compareNames))
    .map((name) => `${namespace}/${name}`)
    .join(', ');
  const missing = all
    .filter((name) => !listed.has(name) && name !== self)
    .map((name) => name.slice(namespace.length + 1));
  if (here.length < FEW || missing.length * 4 > here.length) return written;
  const exceptions = missing.length === 0 ? '' : ` (but ${runsOf(missing.toSorted(compareNames)).join(', ')})`;
  return `${namespace}/*${exceptions}`;
}

/** Sorted names, with three or more that count up as one: `web-{1..9}`. */
export function runsOf(names: readonly string[]): readonly string[] {
  const runs: { stem: string; first: number; last: number; names: string[] }[] = [];
  for (const name of names) {
    const [, stem = name, digits] = /^(.*?)(0|[1-9]\d{0,8})$/.exec(name) ?? [];
    const number = Number(digits ?? Number.NaN);
    const run = runs.at(-1);
    if (run !== undefined && run.stem === stem && run.last + 1 === number) {
      run.last = number;
      run.names.push(name);
    } else runs.push({ stem, first: number, last: number, names: [name] });
  }
  return runs.flatMap(({ stem, first, last, names: own }) => (own.length < RUN ? own : [`${stem}{${first}..${last}}`]));
}

function namespaceOf(name: string): string {
  return name.slice(0, name.indexOf('/'));
}
