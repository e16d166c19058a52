/** What the command line adds to a bundle. */
export interface CreateOptions {
  readonly root: string;
  readonly id: string;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  readonly preserveFds: number;
  /** Added to the process's environment. */
  readonly extraEnv: readonly string[];
  readonly systemdCgroup: boolean;
  /** Connected socket that the terminal's master is sent over; -1: there is no terminal. */
  readonly consoleFd: number;
}
