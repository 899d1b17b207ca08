import { type Clock, type Logger, sleep } from '@slash32/shared';
import type { NotificationListener } from './netlink-monitor.ts';
import type { Notification, NotificationKind } from './notification.ts';

export interface View<Listing> {
  /** Notifications that concern the view. */
  readonly kinds: ReadonlySet<NotificationKind>;
  list(): Promise<Listing>;
  /** Makes the view equal to a listing and announces the differences; `first`: the view had nothing before. */
  adopt(listing: Listing, first: boolean): void;
  /** Brings the view up to date; true if it may be wrong now and must be listed again. */
  apply(notifications: readonly Notification[]): boolean;
  /** Notifications may have been lost; the view is listed again. */
  onGap?(): void;
}

export interface ViewSynchronizerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const RETRY_MS = 1_000;

/**
 * Keeps a view of kernel objects true: a listing first, then notifications, and a listing again after anything that
 * notifications do not tell. Those that come while a listing runs are applied behind it: they may be younger than it.
 */
export class ViewSynchronizer<Listing> implements NotificationListener {
  readonly #view: View<Listing>;
  readonly #options: ViewSynchronizerOptions;
  #waiting: Notification[] | undefined;
  #synchronizing: Promise<void> | undefined;
  #listAgain = false;
  #complete = false;

  constructor(view: View<Listing>, options: ViewSynchronizerOptions) {
    this.#view = view;
    this.#options = options;
  }

  /** Resolves when the view is complete; rejects if it cannot be listed. */
  async begin(): Promise<void> {
    await this.#synchronize();
  }

  get kinds(): ReadonlySet<NotificationKind> {
    return this.#view.kinds;
  }

  onNotifications(notifications: readonly Notification[]): void {
    if (this.#waiting !== undefined) for (const notification of notifications) this.#waiting.push(notification);
    else if (this.#complete) this.#apply(notifications);
  }

  onGap(): void {
    this.#view.onGap?.();
    void this.#heal();
  }

  #apply(notifications: readonly Notification[]): void {
    if (notifications.length > 0 && this.#view.apply(notifications)) void this.#heal();
  }

  /** Lists until it works: a view that is known to be wrong must not stay so. */
  async #heal(): Promise<void> {
    while (!this.#options.signal.aborted) {
      try {
        await this.#synchronize();
        return;
      } catch (error) {
        if (this.#options.signal.aborted) return;
        this.#options.logger.warn({ error: String(error) }, 'listing kernel state failed; trying again');
        await sleep(this.#options.clock, RETRY_MS, this.#options.signal).catch(() => undefined);
      }
    }
  }

  #synchronize(): Promise<void> {
    this.#listAgain = true;
    this.#synchronizing ??= this.#listUntilSettled().finally(() => {
      this.#synchronizing = undefined;
    });
    return this.#synchronizing;
  }

  async #listUntilSettled(): Promise<void> {
    while (this.#listAgain && !this.#options.signal.aborted) {
      this.#listAgain = false;
      const waiting: Notification[] = [];
      this.#waiting = waiting;
      try {
        const listing = await this.#view.list();
        if (this.#options.signal.aborted) return;
        this.#view.adopt(listing, !this.#complete);
        this.#complete = true;
        if (waiting.length > 0 && this.#view.apply(waiting)) this.#listAgain = true;
      } finally {
        this.#waiting = undefined;
      }
    }
  }
}
