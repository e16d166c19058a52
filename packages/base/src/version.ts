/** The release of the whole stack; every program reports it. */
export const version = '0.1.0';
