/**
 * What runs for a container image when there are no containers: the one place that knows. An image maps to processes
 * of this machine's packages and of this checkout, started as the image's entry point would start them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FabricError } from '@slash32/shared';

export interface RecipeProcess {
  readonly name: string;
  readonly command: readonly string[];
  /** UNIX sockets below the node's /run that accept connections once the process is ready. */
  readonly ready?: readonly string[];
  /** Names of processes that must be ready before. */
  readonly after?: readonly string[];
  /** Start only if this path, in the node's /etc, came with the topology. */
  readonly onlyWith?: string;
}

export interface ImageRecipe {
  readonly processes: readonly RecipeProcess[];
  /** Run once, when all processes are ready. */
  readonly configure?: readonly (readonly string[])[];
  /** Text files that the image brings. */
  readonly files?: () => Readonly<Record<string, string>>;
}

const CHECKOUT = resolve(import.meta.dirname, '../..');

/** Path of an executable of ours. */
export function binary(name: 'felix-agent' | 'bgp-speaker' | 'fabricctl'): string {
  return resolve(CHECKOUT, 'bin', name);
}

const FRR_OPTIONS = ['-u', 'root', '-g', 'root', '-f', '/dev/null', '-z', '/run/frr/zserv.api'] as const;

function frrDaemon(name: 'zebra' | 'bgpd' | 'staticd', after: readonly string[]): RecipeProcess {
  const files = ['--vty_socket', '/run/frr', '-i', `/run/frr/${name}.pid`, '--log', 'stdout'];
  return {
    name,
    command: [`/usr/lib/frr/${name}`, ...FRR_OPTIONS, ...files],
    ready: name === 'zebra' ? ['frr/zserv.api', 'frr/zebra.vty'] : [`frr/${name}.vty`],
    after,
  };
}

const RECIPES: Readonly<Record<string, ImageRecipe>> = {
  /** A machine that runs nothing of its own. */
  debian: { processes: [] },
  'frrouting/frr': {
    processes: [frrDaemon('zebra', []), frrDaemon('staticd', ['zebra']), frrDaemon('bgpd', ['zebra'])],
    configure: [['vtysh', '--vty_socket', '/run/frr', '-f', '/etc/frr/frr.conf']],
    // The daemons insist on a group that root belongs to; in a user namespace only group 0 exists.
    files: () => ({
      '/run/frr/.keep': '',
      '/etc/frr/vtysh.conf': 'no service integrated-vtysh-config\n',
      '/etc/group': readFileSync('/etc/group', 'utf8').replace(/^frrvty:.*$/m, 'frrvty:x:0:root'),
    }),
  },
  'slash32/bird': {
    processes: [
      {
        name: 'bird',
        command: ['bird', '-f', '-c', '/etc/bird/bird.conf', '-s', '/run/bird/bird.ctl', '-P', '/run/bird/bird.pid'],
        ready: ['bird/bird.ctl'],
      },
    ],
    files: () => ({ '/run/bird/.keep': '' }),
  },
  /** A compute host: both daemons, and dnsmasq as its DHCP server until slash32 has its own. */
  'slash32/compute': {
    processes: [
      { name: 'felix-agent', command: [binary('felix-agent')], ready: ['slash32/felix-agent.sock'] },
      { name: 'bgp-speaker', command: [binary('bgp-speaker')], ready: ['slash32/bgp-speaker.sock'] },
      {
        name: 'dnsmasq',
        // Debug mode is the one in which it does not change its groups, which a user namespace forbids.
        command: ['dnsmasq', '--no-daemon', '--conf-file=/etc/dnsmasq.conf'],
        onlyWith: 'dnsmasq.conf',
      },
    ],
    files: () => ({ '/run/dnsmasq/.keep': '' }),
  },
  /** A virtual machine as the network sees it: asks for an address until it gets one, and keeps renewing it. */
  'slash32/instance': {
    processes: [
      {
        name: 'udhcpc',
        command: [
          'udhcpc',
          '-f',
          '-B',
          '-i',
          'eth0',
          '-t',
          '2',
          '-T',
          '1',
          '-A',
          '1',
          '-s',
          '/etc/udhcpc/slash32.script',
        ],
      },
    ],
  },
};

/** The recipe of an image, whatever its tag. Throws `FabricError` `topology.unknown-image`. */
export function recipeOf(image: string): ImageRecipe {
  const repository = image.replace(/:[^:/]*$/, '').replace(/^(docker\.io|quay\.io)\//, '');
  const recipe = RECIPES[repository];
  if (recipe === undefined) {
    const known = Object.keys(RECIPES).join(', ');
    throw new FabricError('topology.unknown-image', `nothing here runs image ${image}; known: ${known}`);
  }
  for (const { command } of recipe.processes) {
    const [program] = command;
    if (program?.startsWith('/') && !existsSync(program)) {
      throw new FabricError('topology.missing-program', `image ${image} needs ${program}; \`make setup\` installs it`);
    }
  }
  return recipe;
}
