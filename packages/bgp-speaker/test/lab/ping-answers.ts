/** When answers came, in milliseconds since 1970, by the output of `ping -D`; what says "unreachable" is no answer. */
export function pingAnswersMs(output: string): number[] {
  return [...output.matchAll(/^\[([\d.]+)\] \d+ bytes from .* icmp_seq=/gm)].map((match) => Number(match[1]) * 1000);
}
