/**
 * Where a container's files lie.
 *
 *     <data-root>/containers/<id>/          0710
 *         hostname  hosts  resolv.conf      shown in the container's /etc
 *         <id>-json.log  <id>-json.log.1 …  its output
 *     <exec-root>/containerd/<id>/          FIFOs of the running process
 *     <exec-root>/runtime-runc/moby/<id>/   the runtime's state
 */
import { join } from 'node:path';

export class DaemonPaths {
  readonly dataRoot: string;
  readonly execRoot: string;

  constructor(dataRoot: string, execRoot: string) {
    this.dataRoot = dataRoot;
    this.execRoot = execRoot;
  }

  get containers(): string {
    return join(this.dataRoot, 'containers');
  }

  container(id: string): string {
    return join(this.containers, id);
  }

  log(id: string): string {
    return join(this.container(id), `${id}-json.log`);
  }

  get stdioRoot(): string {
    return join(this.execRoot, 'containerd');
  }

  stdio(id: string): string {
    return join(this.stdioRoot, id);
  }

  execStdio(id: string, execId: string): string {
    return join(this.stdio(id), execId);
  }

  get runtimeRoot(): string {
    return join(this.execRoot, 'runtime-runc');
  }
}
