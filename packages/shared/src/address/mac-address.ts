/** Lower-case, colon-separated text of a unicast MAC address: `52:54:00:00:00:01`. */
export type MacAddress = string;

/** Reads six hex octets separated by `:` or `-`; `undefined` if malformed. Group addresses are read, too. */
export function tryParseMacAddress(text: string): MacAddress | undefined {
  if (!/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(text)) return undefined;
  return text.toLowerCase().replaceAll('-', ':');
}

/** True for multicast and broadcast addresses (I/G bit set) and for all zeros: none may be an instance's. */
export function isGroupOrNullMac(mac: MacAddress): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1 || mac === '00:00:00:00:00:00';
}
