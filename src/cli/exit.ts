/** What scripts can rely on. */
export const EXIT = { ok: 0, failed: 1, usage: 2, partly: 3, unreachable: 4, waiting: 5 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `Exit codes:
  0  done
  1  failed: the service refused, a check found something wrong
  2  wrong usage or wrong settings; nothing was done
  3  partly failed: some of many could not be done, each is listed
  4  the service is out of reach, not ready, or does not know the token
  5  recorded, but not done yet: the provider did not do it now and is asked again until it does`;

/** Ends the command with a code and one line for people. */
export class Quit extends Error {
  readonly exitCode: ExitCode;
  /** For --json: what the service said. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(exitCode: ExitCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'Quit';
    this.exitCode = exitCode;
    this.details = details;
  }
}
