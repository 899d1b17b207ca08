/**
 * The whole environment of a child: found also where root's PATH has no sbin, speaking English, knowing nothing of
 * ours. nft keeps a history file in HOME; /dev/null lets it have none.
 */
export function toolEnvironment(): Record<string, string> {
  return { PATH: `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`, HOME: '/dev/null', LC_ALL: 'C' };
}
