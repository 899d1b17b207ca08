/**
 * True if an interface name can be put into a line of `ip -batch` as it is: IFNAMSIZ bounds it, and blanks, quotes, `#`
 * and `\` mean something to `ip`.
 */
export function isPlainDeviceName(name: string): boolean {
  return /^[\w.:@%+=,!~-]{1,15}$/.test(name);
}

/** What a change gets that names a device that {@link isPlainDeviceName} turns down. */
export function deviceNameRefusal(name: string): string | undefined {
  return isPlainDeviceName(name) ? undefined : `"${name}" is not a usable interface name`;
}
