/** The compiled init, which Bun embeds and stands in for by its path at run time. */
declare module '*/init/build/init' {
  const path: string;
  export default path;
}
