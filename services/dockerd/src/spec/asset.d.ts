/** Files that `bun build --compile` embeds: their import is a path. */
declare module '*/init/build/docker-init' {
  const path: string;
  export default path;
}
