/**
 * Between a test and the prober in a node: one JSON object per line, requests on the prober's standard input, answers
 * on its standard output.
 */
export type ProbeTransport = 'tcp' | 'udp';

export interface ProbeTarget {
  readonly transport: ProbeTransport;
  readonly address: string;
  readonly port: number;
  /** Source to bind to; left out: the kernel's choice. */
  readonly localAddress?: string;
}

export interface ProbeResult {
  readonly reached: boolean;
  /** The source address that the receiver saw. */
  readonly seenSource?: string;
  /** Why it was not reached, where there was an answer: ECONNREFUSED, EHOSTUNREACH, … */
  readonly error?: string;
}

export interface FlowStatistics {
  /** Numbered messages sent, and how many came back as echoes. Those sent in the last moment may be on their way. */
  readonly sent: number;
  readonly received: number;
  /** Milliseconds since the latest echo; longest time between two. */
  readonly sinceLastMs: number;
  readonly longestGapMs: number;
  /** What ended the flow, if something did. */
  readonly error?: string;
}

/** What a listener saw: `tcp/443 198.51.100.10` → number of connections or datagrams. */
export type ReceivedCounts = Readonly<Record<string, number>>;

export interface ProbeMethods {
  /** Opens listeners: on `addresses`, or on all of both families. They answer with the source they see, then echo. */
  listen: { params: { tcp: number[]; udp: number[]; addresses?: string[] }; result: Record<string, never> };
  probe: { params: { target: ProbeTarget; timeoutMs: number }; result: ProbeResult };
  /** A long-lived flow that sends `burst` numbered messages (1 if left out) every `intervalMs`. */
  'start-flow': { params: { target: ProbeTarget; intervalMs: number; burst?: number }; result: { flow: number } };
  'flow-statistics': { params: { flow: number }; result: FlowStatistics };
  /** Stops sending, waits for echoes under way, and answers the final statistics. */
  'stop-flow': { params: { flow: number }; result: FlowStatistics };
  received: { params: Record<string, never>; result: ReceivedCounts };
}

export type ProbeMethod = keyof ProbeMethods;

export interface ProbeRequest {
  readonly id: number;
  readonly method: ProbeMethod;
  readonly params: unknown;
}

export type ProbeAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };
