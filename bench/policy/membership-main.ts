/**
 * The compiler's part of the membership benchmark as a process of its own: `membership-main.ts SETTINGS`, JSON. Prints
 * {@link MembershipResult} as JSON. Programs nftables of the network namespace it runs in.
 */
import { fabricResources, memberOf } from './large-fabric.ts';
import type { MembershipResult, MembershipSettings } from './membership-run.ts';
import { type Commit, ProgramHost } from './program-host.ts';

const settings = JSON.parse(process.argv[2] ?? '') as MembershipSettings;

await using host = new ProgramHost();
host.load(fabricResources(settings));
await host.start();
const joined: Commit[] = [];
const left: Commit[] = [];
for (let sample = 0; sample < settings.samples; sample += 1) {
  const member = memberOf(settings.instances + sample, 0, settings);
  host.model.put(member);
  joined.push(await host.commit());
  host.model.delete(`Instance/bench/${member.metadata.name}`);
  left.push(await host.commit());
}
process.stdout.write(JSON.stringify({ joined, left } satisfies MembershipResult));
