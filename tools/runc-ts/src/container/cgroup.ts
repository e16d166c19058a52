/** Temporary: directories only, no limits, until the cgroup managers are there. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupManager, CgroupOptions } from '../cgroup/manager.ts';

const base = '/sys/fs/cgroup';

class PlainCgroup implements CgroupManager {
  readonly mode = 'hybrid';
  readonly paths: Readonly<Record<string, string>>;
  constructor(paths: Readonly<Record<string, string>>) {
    this.paths = paths;
  }
  create(): void {
    for (const path of Object.values(this.paths)) {
      mkdirSync(path, { recursive: true });
      if (path.startsWith(`${base}/cpuset`)) {
        for (const file of ['cpuset.cpus', 'cpuset.mems']) {
          if (readFileSync(join(path, file), 'utf8').trim() === '')
            writeFileSync(join(path, file), readFileSync(join(path, '..', file), 'utf8'));
        }
      }
    }
  }
  procsFiles(): string[] {
    return Object.values(this.paths).map((path) => join(path, 'cgroup.procs'));
  }
  plan(): never[] {
    return [];
  }
  set(): void {}
  #freezer(value: string): void {
    const path = this.paths['freezer'];
    if (path !== undefined) writeFileSync(join(path, 'freezer.state'), value);
  }
  freeze(): void {
    this.#freezer('FROZEN');
  }
  thaw(): void {
    this.#freezer('THAWED');
  }
  freezerState(): 'FROZEN' | 'THAWED' {
    const path = this.paths['freezer'] ?? '';
    return readFileSync(join(path, 'freezer.state'), 'utf8').trim() === 'FROZEN' ? 'FROZEN' : 'THAWED';
  }
  pids(_recursive = true): number[] {
    const path = this.paths['devices'] ?? '';
    if (!existsSync(path)) return [];
    return readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  }
  killAll(signal: number): void {
    for (const pid of this.pids(true)) process.kill(pid, signal);
  }
  stats(): never {
    throw new Error('not yet');
  }
  exists(): boolean {
    return existsSync(this.paths['devices'] ?? '');
  }
  oomKillCount(): number {
    return 0;
  }
  destroy(): void {
    for (const path of Object.values(this.paths)) {
      for (let tries = 0; tries < 100; tries++) {
        try {
          if (existsSync(path)) rmdirSync(path);
          break;
        } catch {
          Bun.sleepSync(5);
        }
      }
    }
  }
}

export function openCgroup(options: CgroupOptions): CgroupManager {
  const name = options.cgroupsPath || options.containerId;
  const controllers = readdirSync(base).filter((entry) => entry !== 'unified');
  return new PlainCgroup(Object.fromEntries(controllers.map((c) => [c, join(base, c, name)])));
}

export function restoreCgroup(paths: Readonly<Record<string, string>>): CgroupManager {
  return new PlainCgroup(paths);
}
