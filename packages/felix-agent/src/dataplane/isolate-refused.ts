import type { EndpointObjects, PolicyUpdate } from '@slash32/policy-compiler';
import { type FabricError, hasErrorCode, type NftChange, type NftRuleset } from '@slash32/shared';
import { elementKey } from './element-key.ts';

/** A program that the kernel refused, and what can be done with it. */
export interface RefusedProgram {
  readonly update: PolicyUpdate;
  /** The program as it was tried. */
  ruleset(): NftRuleset;
  /** All endpoints that could be in the program. */
  endpoints(): Iterable<string>;
  objectsOf(instance: string): EndpointObjects | undefined;
  exclude(instance: string): void;
  include(instance: string): void;
  /** As `include`, when the search broke off: the kernel may have the program without the endpoint. */
  restore(instance: string): void;
  /** Compiles anew against what the kernel has, and commits. Throws `nft.rejected` if that is refused as well. */
  attempt(): Promise<void>;
  /** Called for each endpoint at fault, after it was excluded. */
  quarantine(instance: string, reason: string): void;
}

/**
 * Finds the endpoints that the kernel refuses, quarantines them, and leaves everything else committed. Suspects are,
 * one group after the other until one explains it: the endpoints whose object the kernel pointed at, those that the
 * update touched, those whose chains use what the kernel pointed at. Only suspects are closed while the search lasts.
 *
 * Throws the refusal if no suspect explains it: then nothing was committed, and no endpoint is excluded. Throws what
 * breaks the search off (nft hangs or ends): then the suspects are back in the program, but maybe not in the kernel.
 */
export async function isolateRefused(program: RefusedProgram, refusal: FabricError): Promise<void> {
  const undecided = new Set<string>();
  try {
    await search(
      {
        ...program,
        exclude: (instance) => {
          undecided.add(instance);
          program.exclude(instance);
        },
        include: (instance) => {
          undecided.delete(instance);
          program.include(instance);
        },
        quarantine: (instance, reason) => {
          undecided.delete(instance);
          program.quarantine(instance, reason);
        },
      },
      refusal,
    );
  } catch (error) {
    // Who is not in quarantine has nobody who would take it back later.
    for (const instance of undecided) program.restore(instance);
    throw error;
  }
}

async function search(program: RefusedProgram, refusal: FabricError): Promise<void> {
  const tried = new Set<string>();
  for (const suspectsOf of [pointedAt, touched, usersOfPointedAt]) {
    const suspects = suspectsOf(program, refusal).filter((instance) => !tried.has(instance));
    if (suspects.length === 0) continue;
    for (const instance of suspects) tried.add(instance);
    if (await isolateAmong(program, suspects)) return;
  }
  throw refusal;
}

async function isolateAmong(program: RefusedProgram, suspects: readonly string[]): Promise<boolean> {
  for (const instance of suspects) program.exclude(instance);
  const refusal = await attempt(program);
  if (refusal !== undefined) {
    for (const instance of suspects) program.include(instance);
    return false;
  }
  await readmit(program, suspects);
  // The last attempt may have been a refused one, which leaves the compiler ahead of the kernel.
  const last = await attempt(program);
  if (last !== undefined) throw last;
  return true;
}

/** All of `instances` are excluded and the kernel is content; takes back as many as it accepts, by halves. */
async function readmit(program: RefusedProgram, instances: readonly string[]): Promise<void> {
  for (const instance of instances) program.include(instance);
  const refusal = await attempt(program);
  if (refusal === undefined) return;
  for (const instance of instances) program.exclude(instance);
  const [only, ...others] = instances;
  if (only !== undefined && others.length === 0) {
    program.quarantine(only, reasonOf(refusal));
    return;
  }
  const middle = Math.ceil(instances.length / 2);
  await readmit(program, instances.slice(0, middle));
  await readmit(program, instances.slice(middle));
}

async function attempt(program: RefusedProgram): Promise<FabricError | undefined> {
  try {
    await program.attempt();
    return undefined;
  } catch (error) {
    if (hasErrorCode(error, 'nft.rejected')) return error;
    throw error;
  }
}

function reasonOf(refusal: FabricError): string {
  const { stderr } = refusal.details;
  const text = typeof stderr === 'string' && stderr.trim() !== '' ? stderr : refusal.message;
  return text.trim().split('\n')[0] ?? refusal.message;
}

function refusedChange({ update }: RefusedProgram, refusal: FabricError): NftChange | undefined {
  const { changeIndex } = refusal.details;
  return typeof changeIndex === 'number' ? update.changes[changeIndex] : undefined;
}

/** Owners of the elements that the kernel pointed at. */
function pointedAt(program: RefusedProgram, refusal: FabricError): string[] {
  const change = refusedChange(program, refusal);
  if (change?.op !== 'add-elements') return [];
  return [...program.update.endpoints].filter((instance) =>
    program
      .objectsOf(instance)
      ?.elements.some(
        ({ table, set, keys }) =>
          table === change.table && set === change.set && keys.some((text) => change.elements.has(elementKey(text))),
      ),
  );
}

function touched(program: RefusedProgram): string[] {
  return [...program.update.endpoints];
}

/** Endpoints that are judged by the chain that the kernel pointed at, or by a chain that uses such a set. */
function usersOfPointedAt(program: RefusedProgram, refusal: FabricError): string[] {
  const change = refusedChange(program, refusal);
  if (change === undefined) return [];
  const chains = new Set<string>();
  if (change.op === 'add-chain') chains.add(change.chain.name);
  if (change.op === 'set-rules') chains.add(change.chain);
  if (change.op === 'add-set' || change.op === 'add-elements') {
    const reference = `@${change.op === 'add-set' ? change.set.name : change.set}`;
    for (const [name, chain] of program.ruleset().get(change.table)?.chains ?? []) {
      if (chain.rules.some(({ text }) => text.split(' ').includes(reference))) chains.add(name);
    }
  }
  const users: string[] = [];
  for (const instance of program.endpoints()) {
    if (program.objectsOf(instance)?.chains.some(({ table, name }) => table === change.table && chains.has(name))) {
      users.push(instance);
    }
  }
  return users;
}
