/** The pure half of setting limits: which file gets which value, and which field of config.json asked for it. */

export interface CgroupWrite {
  /** Absolute path of a control file. */
  readonly file: string;
  readonly value: string;
  /** Where in config.json the value came from: `linux.resources.memory.limit`. */
  readonly field: string;
}
