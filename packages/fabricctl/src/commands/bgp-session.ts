import { type BgpPeerAction, type ControlClient, FabricError, type SpeakerMethods } from '@slash32/shared';
import { type Command, Option } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { askAnySpeaker } from '../daemon/ask-daemons.ts';

interface PeersOptions {
  readonly all?: true;
}

interface ClearOptions extends PeersOptions {
  readonly soft?: 'in' | 'out';
  readonly hard?: boolean;
}

interface ShutdownOptions extends PeersOptions {
  readonly reason?: string;
  readonly graceful?: string | true;
}

type HostAction = BgpPeerAction & { readonly host: string };

/** Long enough for routers to move traffic away, short enough to wait for. */
const DEFAULT_DRAIN_SECONDS = 30;
const MAX_DRAIN_SECONDS = 86_400;

const CLEAR_EXAMPLES = `
Examples:
  fabricctl bgp clear tor-a                     end the session and set it up anew
  fabricctl bgp clear tor-a --hard              likewise, and neither side keeps the other's routes meanwhile
  fabricctl bgp clear tor-a --soft in           keep it; judge what the router announced again, and ask for all of it
  fabricctl bgp clear tor-a --soft out          keep it; tell the router everything again

A changed RoutePolicy needs none of these: it is applied at once.
`;

const SHUTDOWN_EXAMPLES = `
Examples:
  fabricctl bgp shutdown tor-a --reason "line card, back at 14:00"
  fabricctl bgp shutdown tor-a --graceful       first, for 30 s, the routes are the last resort on both sides (RFC 8326)
  fabricctl bgp shutdown tor-a --graceful 300   for five minutes
  fabricctl bgp shutdown --all --graceful       before work on the host: its traffic goes elsewhere, then all is down
  fabricctl bgp enable tor-a                    up again; calls a drain off as well

The reason is shown to the router's operator (RFC 9003). A shutdown lasts until \`bgp enable\` or a restart of the speaker.
`;

const ENABLE_EXAMPLES = `
Examples:
  fabricctl bgp enable tor-a                    the session comes up; a drain that has not ended is called off
`;

/** Commands by which an operator acts on one session. */
export function declareBgpSession(bgp: Command, session: CliSession): void {
  bgp
    .command('clear')
    .description('end a session and set it up anew, or with --soft only exchange routes again')
    .argument('[peer]', 'name of a BGPPeer, or address of the router')
    .option('--all', 'every session of the host')
    .addOption(new Option('--soft <direction>', 'keep the session').choices(['in', 'out']).conflicts('hard'))
    .option('--hard', 'have neither side keep routes over it, where both otherwise would (RFC 8538)')
    .addHelpText('after', CLEAR_EXAMPLES)
    .action(
      session.action((options: ClearOptions & GlobalOptions, name: string | undefined) =>
        act(options, name, (speaker, peer) =>
          speaker.call('speaker.clear', {
            peer,
            ...(options.soft === undefined ? {} : { soft: options.soft }),
            ...(options.hard === true ? { hard: true } : {}),
          }),
        ),
      ),
    );
  bgp
    .command('shutdown')
    .description('end a session and keep it down')
    .argument('[peer]', 'name of a BGPPeer, or address of the router')
    .option('--all', 'every session of the host')
    .option('--reason <text>', 'for the operator of the router')
    .option('--graceful [seconds]', `let traffic go elsewhere first; ${DEFAULT_DRAIN_SECONDS} s if left out`)
    .addHelpText('after', SHUTDOWN_EXAMPLES)
    .action(
      session.action((options: ShutdownOptions & GlobalOptions, name: string | undefined) => {
        const drainSeconds = drainOf(options.graceful);
        return act(options, name, (speaker, peer) =>
          speaker.call('speaker.shutdown', {
            peer,
            drainSeconds,
            ...(options.reason === undefined ? {} : { reason: options.reason }),
          }),
        );
      }),
    );
  bgp
    .command('enable')
    .description('let a session up that was shut down, drains, or announced too much')
    .argument('[peer]', 'name of a BGPPeer, or address of the router')
    .option('--all', 'every session of the host')
    .addHelpText('after', ENABLE_EXAMPLES)
    .action(
      session.action((options: PeersOptions & GlobalOptions, name: string | undefined) =>
        act(options, name, (speaker, peer) => speaker.call('speaker.enable', { peer })),
      ),
    );
}

/** Of several speakers, those that have the peer act; the others' words are warnings. */
async function act(
  options: PeersOptions & GlobalOptions,
  name: string | undefined,
  question: (speaker: ControlClient<SpeakerMethods>, peer: string) => Promise<BgpPeerAction>,
): Promise<CommandResult> {
  if ((name === undefined) !== (options.all === true)) {
    throw new FabricError('usage', 'which session? name a peer, or give --all');
  }
  const answers = await askAnySpeaker(options.speakerSocket, async (speaker): Promise<readonly HostAction[]> => {
    const { host } = await speaker.call('speaker.status', {});
    // Dynamic neighbours come with their ranges.
    const all = async () =>
      (await speaker.call('speaker.neighbors', {})).filter(({ dynamic }) => dynamic === undefined);
    const peers = name === undefined ? (await all()).map(({ peer }) => peer) : [name];
    const actions: HostAction[] = [];
    for (const peer of peers) actions.push({ host, ...(await question(speaker, peer)) });
    return actions;
  });
  const { errors } = answers;
  const results = answers.results.flat();
  return {
    data: results,
    text: () => results.map(({ host, peer, done }) => `${peer} (on ${host}): ${done.join('; ')}\n`).join(''),
    names: results.map(({ peer }) => `BGPPeer/${peer}`),
    warnings: errors.map(({ message }) => message),
    exitCode: errors.length > 0 ? EXIT_CODE.unavailable : EXIT_CODE.ok,
  };
}

function drainOf(graceful: string | true | undefined): number {
  if (graceful === undefined) return 0;
  if (graceful === true) return DEFAULT_DRAIN_SECONDS;
  const seconds = Number(graceful);
  if (/^\d+$/.test(graceful) && seconds >= 1 && seconds <= MAX_DRAIN_SECONDS) return seconds;
  throw new FabricError('usage', `--graceful "${graceful}" is no time; give 1 to ${MAX_DRAIN_SECONDS} seconds`);
}
