/**
 * Builds the self-contained executables of `dist/`: `bun run scripts/build.ts [program…] [--out DIR]`.
 *
 * Each program becomes one file that needs neither node_modules nor the source tree. Native helpers that a program embeds (the
 * C init of runc-ts, docker-init) are compiled first by the shell script beside their source. A program is built again only
 * when something it could have been made from is newer than the executable.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

interface Program {
  readonly name: string;
  readonly folder: string;
  /** Shell scripts, relative to the folder, that compile what is embedded. */
  readonly natives: readonly string[];
  /**
   * Does its work within milliseconds of its start: code is interpreted for a hundred times longer before it is compiled, which
   * starts no compiler threads. What is hot for long, such as the shim's copying, is compiled all the same.
   */
  readonly brief?: true;
}

const programs: readonly Program[] = [
  { name: 'runc-ts', folder: 'tools/runc-ts', natives: ['scripts/build-init.sh'], brief: true },
  { name: 'containerd-shim-runc-ts-v2', folder: 'services/shim', natives: [], brief: true },
  { name: 'containerd-ts', folder: 'services/containerd', natives: [] },
  { name: 'dockerd-ts', folder: 'services/dockerd', natives: ['scripts/build-docker-init.sh'] },
];

const root = resolve(import.meta.dir, '..');

function newestMtimeMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  let newest = 0;
  for (const entry of readdirSync(path)) {
    if (entry === 'node_modules' || entry === 'build' || entry.endsWith('.test.ts') || entry === 'testdata') continue;
    newest = Math.max(newest, newestMtimeMs(join(path, entry)));
  }
  return newest;
}

async function run(command: string[], cwd: string): Promise<void> {
  const child = Bun.spawn(command, { cwd, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (status !== 0) throw new Error(`${command.join(' ')} exited with ${status}\n${stdout}${stderr}`);
}

async function build(program: Program, outDir: string): Promise<void> {
  const folder = join(root, program.folder);
  const output = join(outDir, program.name);
  const sources = [
    folder,
    join(root, 'packages'),
    join(root, 'pnpm-lock.yaml'),
    join(root, 'scripts/build.ts'),
    join(root, 'tsconfig.json'),
  ];
  if (existsSync(output) && statSync(output).mtimeMs > Math.max(...sources.map((path) => newestMtimeMs(path)))) {
    console.log(`${program.name}: up to date`);
    return;
  }
  const startMs = performance.now();
  for (const script of program.natives) await run(['sh', script], folder);
  const target = `bun-linux-${process.arch}`;
  const staged = `${output}.new`;
  // bytecode saves parsing at every start; it needs CommonJS output and no top-level await
  const flags = ['--compile', '--minify', '--bytecode', '--format=cjs', `--target=${target}`];
  // a bunfig.toml or .env in the working directory, which may be anybody's bundle, must not run code in the program
  flags.push('--no-compile-autoload-bunfig', '--no-compile-autoload-dotenv');
  if (program.brief === true) flags.push('--compile-jit-policy=100');
  await run([process.execPath, 'build', ...flags, join(folder, 'src/main.ts'), '--outfile', staged], outDir);
  // a running program keeps its old file
  renameSync(staged, output);
  console.log(`${program.name}: built in ${Math.round(performance.now() - startMs)} ms`);
}

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: { out: { type: 'string', default: 'dist' } },
  allowPositionals: true,
});
const outDir = resolve(root, values.out);
mkdirSync(outDir, { recursive: true });
const unknownName = positionals.find((name) => !programs.some((program) => program.name === name));
if (unknownName !== undefined) throw new Error(`no program is called "${unknownName}"`);
for (const program of programs) {
  if (positionals.length === 0 || positionals.includes(program.name)) await build(program, outDir);
}
