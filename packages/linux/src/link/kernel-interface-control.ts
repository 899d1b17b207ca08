import { constants } from 'node:os';
import { FabricError } from '@slash32/shared';
import { absentDevice } from '../netlink/interface-names.ts';
import { RTM_NEWLINK, writeLinkUp } from '../netlink/link-message.ts';
import type { IndexOf, Request } from '../netlink/request-channel.ts';
import type { Rtnetlink } from '../netlink/rtnetlink.ts';
import type { InterfaceControl } from './interface-control.ts';

const { ENODEV } = constants.errno;

/** The {@link InterfaceControl} of the network namespace that we run in. */
export class KernelInterfaceControl implements InterfaceControl {
  readonly #rtnetlink: Rtnetlink;

  constructor({ rtnetlink }: { readonly rtnetlink: Rtnetlink }) {
    this.#rtnetlink = rtnetlink;
  }

  async setUp(name: string): Promise<void> {
    const [failure] = await this.#rtnetlink.change([name], prepare);
    if (failure === undefined) return;
    const { errno, reason } = failure;
    const code = errno === 0 || errno === ENODEV ? 'link.absent' : 'link.refused';
    throw new FabricError(code, `interface ${name} cannot be brought up: ${reason}`, { details: { name, reason } });
  }
}

function prepare(name: string, indexOf: IndexOf): Request | string {
  const index = indexOf(name);
  if (index === undefined) return absentDevice(name);
  return { type: RTM_NEWLINK, flags: 0, write: (writer) => writeLinkUp(writer, index) };
}
