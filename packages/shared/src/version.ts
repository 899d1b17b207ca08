import packageJson from '../package.json' with { type: 'json' };

/** The release, `MAJOR.MINOR.PATCH`; one for all packages. */
export const VERSION: string = packageJson.version;
