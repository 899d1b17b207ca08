import { isShortFor } from './habit-verbs.ts';

/**
 * What people type by habit who come from BIRD, FRR, GoBGP or OpenBGPD, and what it is here. A phrase consists of words,
 * `a|b` for either, `?` before what may be left out, and `{name}` for any one word. Words may be shortened, as in vtysh,
 * to two letters and more. The first phrase that fits counts.
 */
export interface Habit {
  readonly phrase: string;
  /** Words of fabricctl; `{name}` is what the phrase caught, and goes with what is left out. */
  readonly here: string;
}

/** As in `show bgp ipv4 unicast …`. */
const TABLE = '?ip|bgp ?bgp ?ipv4|ipv6 ?unicast';

export const HABITS: readonly Habit[] = [
  { phrase: 'show status', here: 'status' },
  { phrase: 'show version', here: 'version' },
  { phrase: 'show running-config', here: 'get all -A -o yaml' },
  { phrase: 'show protocols ?all ?{peer} ?all', here: 'bgp neighbors {peer}' },
  { phrase: 'show bfd ?peers|sessions|peer ?{peer}', here: 'bgp neighbors {peer}' },
  { phrase: `show ${TABLE} summary`, here: 'bgp neighbors' },
  { phrase: `show ${TABLE} neighbors|neighbor {peer} advertised-routes`, here: 'bgp routes --advertised {peer}' },
  { phrase: `show ${TABLE} neighbors|neighbor {peer} received-routes`, here: 'bgp routes --received --source {peer}' },
  { phrase: `show ${TABLE} neighbors|neighbor {peer} routes`, here: 'bgp routes --accepted --source {peer}' },
  { phrase: `show ${TABLE} neighbors|neighbor ?{peer}`, here: 'bgp neighbors {peer}' },
  { phrase: 'show route export {peer} ?all', here: 'bgp routes --advertised {peer}' },
  { phrase: 'show route noexport {peer} ?all', here: 'bgp routes --withheld {peer}' },
  { phrase: 'show route primary ?all', here: 'bgp routes --best' },
  { phrase: 'show route protocol {peer} ?all', here: 'bgp routes --accepted --source {peer}' },
  { phrase: 'show route ?all', here: 'bgp routes' },
  { phrase: 'show route ?for {prefix} ?all', here: 'bgp routes {prefix}' },
  { phrase: 'show ip|ipv6 route ?bgp ?{prefix}', here: 'bgp routes --best {prefix}' },
  { phrase: 'show rib out neighbor|nei {peer}', here: 'bgp routes --advertised {peer}' },
  { phrase: 'show rib in neighbor|nei {peer}', here: 'bgp routes --received --source {peer}' },
  { phrase: 'show rib ?{prefix}', here: 'bgp routes {prefix}' },
  { phrase: 'show ip|bgp ?bgp ?ipv4|ipv6 ?unicast ?{prefix}', here: 'bgp routes {prefix}' },
  { phrase: 'clear ?ip bgp ?ipv4|ipv6 ?unicast * soft in', here: 'bgp clear --all --soft in' },
  { phrase: 'clear ?ip bgp ?ipv4|ipv6 ?unicast * soft out', here: 'bgp clear --all --soft out' },
  { phrase: 'clear ?ip bgp ?ipv4|ipv6 ?unicast *', here: 'bgp clear --all' },
  { phrase: 'clear ?ip bgp ?ipv4|ipv6 ?unicast {peer} ?soft in', here: 'bgp clear {peer} --soft in' },
  { phrase: 'clear ?ip bgp ?ipv4|ipv6 ?unicast {peer} ?soft out', here: 'bgp clear {peer} --soft out' },
  { phrase: 'clear ?ip bgp {peer}', here: 'bgp clear {peer}' },
  { phrase: 'reload in {peer}', here: 'bgp clear {peer} --soft in' },
  { phrase: 'reload out {peer}', here: 'bgp clear {peer} --soft out' },
  { phrase: 'restart all', here: 'bgp clear --all' },
  { phrase: 'restart {peer}', here: 'bgp clear {peer}' },
  { phrase: 'disable all', here: 'bgp shutdown --all' },
  { phrase: 'disable {peer}', here: 'bgp shutdown {peer}' },
  { phrase: 'enable all', here: 'bgp enable --all' },
  { phrase: 'enable {peer}', here: 'bgp enable {peer}' },
  { phrase: 'neighbor|neighbors {peer} adj-in', here: 'bgp routes --received --source {peer}' },
  { phrase: 'neighbor|neighbors {peer} adj-out', here: 'bgp routes --advertised {peer}' },
  { phrase: 'neighbor|neighbors {peer} softresetin|refresh', here: 'bgp clear {peer} --soft in' },
  { phrase: 'neighbor|neighbors {peer} softresetout', here: 'bgp clear {peer} --soft out' },
  { phrase: 'neighbor|neighbors {peer} reset|clear', here: 'bgp clear {peer}' },
  { phrase: 'neighbor|neighbors {peer} disable|down|shutdown', here: 'bgp shutdown {peer}' },
  { phrase: 'neighbor|neighbors {peer} enable|up', here: 'bgp enable {peer}' },
  { phrase: 'neighbor|neighbors ?{peer}', here: 'bgp neighbors {peer}' },
  { phrase: 'global rib ?{prefix}', here: 'bgp routes {prefix}' },
  { phrase: 'monitor global rib', here: 'bgp watch' },
  { phrase: 'monitor neighbor ?{peer}', here: 'bgp watch {peer}' },
];

/** What these words are here; `undefined` if they are nobody's habit. */
export function translateHabit(words: readonly string[]): readonly string[] | undefined {
  for (const { phrase, here } of HABITS) {
    const caught = match(phrase.split(' '), words);
    if (caught !== undefined) return fill(here, caught);
  }
  return undefined;
}

/** All of them as a table, for help. */
export function habitHelp(): string {
  const width = Math.max(...HABITS.map(({ phrase }) => phrase.length));
  const rows = HABITS.map(({ phrase, here }) => `  ${phrase.padEnd(width)}  fabricctl ${here}\n`);
  return `Understood from other programs (?: may be left out, a|b: either, {x}: anything; words may be shortened):\n${rows.join('')}`;
}

type Caught = ReadonlyMap<string, string>;

function match(tokens: readonly string[], words: readonly string[]): Caught | undefined {
  const [token, ...furtherTokens] = tokens;
  if (token === undefined) return words.length === 0 ? new Map() : undefined;
  const [word, ...furtherWords] = words;
  const isOptional = token.startsWith('?');
  const wanted = isOptional ? token.slice(1) : token;
  if (word !== undefined && fits(wanted, word)) {
    const caught = match(furtherTokens, furtherWords);
    if (caught !== undefined) return isCapture(wanted) ? new Map([...caught, [wanted, word]]) : caught;
  }
  return isOptional ? match(furtherTokens, words) : undefined;
}

function fits(wanted: string, word: string): boolean {
  if (isCapture(wanted)) return true;
  return wanted.split('|').some((each) => isShortFor(word, each));
}

function isCapture(token: string): boolean {
  return token.startsWith('{');
}

function fill(here: string, caught: Caught): readonly string[] {
  return here.split(' ').flatMap((word) => (isCapture(word) ? (caught.get(word) ?? []) : [word]));
}
