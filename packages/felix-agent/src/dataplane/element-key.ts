/** The key of an element text as `EndpointObjects` has it: `KEY`, or `KEY : DATA` in a map. */
export function elementKey(text: string): string {
  const end = text.indexOf(' : ');
  return end < 0 ? text : text.slice(0, end);
}
