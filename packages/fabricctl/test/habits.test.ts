import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMAND_TABLE } from '../src/cli/command-table.ts';
import { HABIT_VERBS, mayBeHabit } from '../src/cli/habit-verbs.ts';
import { HABITS, translateHabit } from '../src/cli/habits.ts';
import { TestFabric } from './command-run.ts';
import { SAMPLE } from './sample-manifests.ts';
import { serveAgent, serveSpeaker } from './test-daemons.ts';

const PAGE = join(import.meta.dirname, '../../../docs/operators/coming-from-bird-and-frr.md');

const here = (text: string) => translateHabit(text.split(' '))?.join(' ');

describe('habits', () => {
  it.each([
    ['show protocols', 'bgp neighbors'],
    ['show protocols all tor_a', 'bgp neighbors tor_a'],
    ['sh prot all', 'bgp neighbors'],
    ['show ip bgp summary', 'bgp neighbors'],
    ['sh ip bgp sum', 'bgp neighbors'],
    ['show bgp ipv6 unicast summary', 'bgp neighbors'],
    ['show bgp summary', 'bgp neighbors'],
    ['show bgp neighbors 192.0.2.1', 'bgp neighbors 192.0.2.1'],
    ['show bgp ipv4 unicast neighbors 192.0.2.1 advertised-routes', 'bgp routes --advertised 192.0.2.1'],
    ['show ip bgp neighbors 192.0.2.1 received-routes', 'bgp routes --received --source 192.0.2.1'],
    ['show ip bgp', 'bgp routes'],
    ['show bgp ipv4 unicast 10.0.0.0/8', 'bgp routes 10.0.0.0/8'],
    ['show route', 'bgp routes'],
    ['show route all', 'bgp routes'],
    ['show route for 10.0.0.1 all', 'bgp routes 10.0.0.1'],
    ['show route export tor_a', 'bgp routes --advertised tor_a'],
    ['show ip route bgp', 'bgp routes --best'],
    ['show rib out neighbor tor', 'bgp routes --advertised tor'],
    ['clear ip bgp *', 'bgp clear --all'],
    ['clear bgp ipv4 unicast * soft in', 'bgp clear --all --soft in'],
    ['clear bgp 192.0.2.1 soft out', 'bgp clear 192.0.2.1 --soft out'],
    ['restart tor_a', 'bgp clear tor_a'],
    ['disable all', 'bgp shutdown --all'],
    ['neighbor', 'bgp neighbors'],
    ['neighbor 192.0.2.1 adj-out', 'bgp routes --advertised 192.0.2.1'],
    ['neighbor 192.0.2.1 down', 'bgp shutdown 192.0.2.1'],
    ['global rib', 'bgp routes'],
    ['monitor global rib', 'bgp watch'],
    ['show nonsense at all', undefined],
    ['reload', undefined],
  ])('%s: %s', (typed, words) => {
    expect(here(typed)).toBe(words);
  });

  it('begin with words that are no commands of ours, each with some phrase', () => {
    const commands = COMMAND_TABLE.map(({ name }) => name);
    for (const name of commands) expect(mayBeHabit(name), name).toBe(false);
    const first = HABITS.flatMap(({ phrase }) => phrase.split(' ')[0]?.split('|') ?? []);
    expect(new Set(first)).toEqual(HABIT_VERBS);
  });

  it('are none without reason: every phrase is the first that fits itself', () => {
    for (const { phrase, here: words } of HABITS) {
      const typed = phrase
        .split(' ')
        .map((token) => token.replace('?', '').split('|')[0] ?? '')
        .join(' ');
      expect(here(typed), phrase).toBe(words);
    }
  });
});

describe('a command line by habit', () => {
  let fabric: TestFabric;
  let cleanUp: AsyncDisposableStack;

  beforeEach(async () => {
    cleanUp = new AsyncDisposableStack();
    fabric = cleanUp.use(await TestFabric.create(SAMPLE));
    cleanUp.use(await serveAgent(fabric.at('agent.sock')));
    cleanUp.use(await serveSpeaker(fabric.at('speaker.sock')));
  });

  afterEach(() => cleanUp.disposeAsync());

  it('does what it means, and says what that is called', async () => {
    const { code, out, err } = await fabric.run(['-o', 'json', 'show', 'protocols', 'all', 'tor-a']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([{ peer: 'tor-a' }]);
    expect(err).toBe('fabricctl bgp neighbors tor-a\n');
  });

  it('that nobody knows is a usage error with the place to look', async () => {
    const { code, err } = await fabric.run(['show', 'nonsense', 'at', 'all']);
    expect(code).toBe(2);
    expect(err).toBe('error: "show nonsense at all" is no command here; fabricctl help habits has what is\n');
    expect((await fabric.run(['help', 'habits'])).out).toContain('show protocols');
  });

  it('of the page for operators is a command', async () => {
    const page = await readFile(PAGE, 'utf8');
    const commands = [...page.matchAll(/`fabricctl ([^`]+)`/g)].map(([, words = '']) => words);
    expect(commands.length).toBeGreaterThan(20);
    for (const words of commands) {
      const args = words
        .replace('PEER', 'tor-a')
        .replace('PREFIX', '10.70.0.5')
        .replaceAll('FILE', fabric.at('file'))
        .split(' ');
      // What waits for events needs none to be understood.
      const isWaiting = args.includes('watch') || args.includes('capture');
      const { code, err } = await fabric.run(isWaiting ? [...args, '--help'] : args);
      expect(code, `${words}: ${err}`).not.toBe(2);
    }
  });
});
