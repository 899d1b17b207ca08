import type { Command } from 'commander';
import type { CliSession } from './cli-session.ts';

/** Declares a command, with its subcommands, under `parent`. */
export type DeclareCommand = (parent: Command, session: CliSession) => void;

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<DeclareCommand>;
}

/** Every command by name. A command's module is loaded only when it is called: start-up time is what scripts feel. */
export const COMMAND_TABLE: readonly CommandEntry[] = [
  {
    name: 'apply',
    summary: 'create or change resources from manifests',
    load: async () => (await import('../commands/apply.ts')).declareApply,
  },
  {
    name: 'get',
    summary: 'list resources, or show some',
    load: async () => (await import('../commands/get.ts')).declareGet,
  },
  {
    name: 'delete',
    summary: 'delete resources by name or by manifest',
    load: async () => (await import('../commands/delete.ts')).declareDelete,
  },
  {
    name: 'validate',
    summary: 'check manifests and what they refer to; changes nothing',
    load: async () => (await import('../commands/validate.ts')).declareValidate,
  },
  {
    name: 'explain',
    summary: 'describe the fields of a kind of resource',
    load: async () => (await import('../commands/explain.ts')).declareExplain,
  },
  {
    name: 'status',
    summary: 'is everything all right: datastore, resources, agents, speakers',
    load: async () => (await import('../commands/status.ts')).declareStatus,
  },
  {
    name: 'policy',
    summary: 'what may reach what, and why',
    load: async () => (await import('../commands/policy.ts')).declarePolicy,
  },
  {
    name: 'bgp',
    summary: 'BGP sessions of this host',
    load: async () => (await import('../commands/bgp.ts')).declareBgp,
  },
  {
    name: 'routes',
    summary: "the speaker's routes, and why each is or is not best",
    load: async () => (await import('../commands/routes.ts')).declareRoutes,
  },
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    load: async () => (await import('../commands/completion.ts')).declareCompletion,
  },
  {
    name: 'version',
    summary: 'print versions',
    load: async () => (await import('../commands/version.ts')).declareVersion,
  },
];
