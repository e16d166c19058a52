/**
 * `npm test`: the gate, the build, then every test: unit tests in one process, tests that need root (`*.root.test.ts`) and the
 * end-to-end tests (`e2e/`) each in a process of its own, because they change what a process is (subreaper, signals, namespaces).
 * Afterwards the machine must be as it was before. `bun run scripts/test.ts [--no-check] [substring…]` runs a part.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { removeEmptyCgroupParents } from '@docker-ts/testkit/cgroup-parents';
import { settleLeaks, takeCensus } from '@docker-ts/testkit/leaks';

const root = resolve(import.meta.dir, '..');
const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: { 'no-check': { type: 'boolean', default: false } },
  allowPositionals: true,
});

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
const problems: string[] = [];

function run(command: string[]): boolean {
  return Bun.spawnSync(command, { cwd: root, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' }).success;
}

const reports = mkdtempSync(join(tmpdir(), 'docker-ts-reports-'));
let runs = 0;

/** One `bun test` process; its JUnit report is what counts, and a process that wrote none has failed as a whole. */
function runTests(files: string[], timeoutMs: number, flags: string[] = []): void {
  runs += 1;
  const report = join(reports, `${runs}.xml`);
  const limits = ['--timeout', String(timeoutMs), '--reporter=junit', `--reporter-outfile=${report}`];
  const success = run([process.execPath, 'test', ...limits, ...flags, ...files.map((file) => `./${file}`)]);
  let header = '';
  try {
    header = /<testsuites [^>]*>/.exec(readFileSync(report, 'utf8'))?.[0] ?? '';
  } catch {
    // told below
  }
  const count = (attribute: string): number => Number(new RegExp(`\\b${attribute}="(\\d+)"`).exec(header)?.[1] ?? 0);
  const failed = count('failures');
  const skipped = count('skipped');
  totals.failed += failed;
  totals.skipped += skipped;
  totals.passed += count('tests') - failed - skipped;
  if (header === '' || (!success && failed === 0)) {
    totals.failed += 1;
    problems.push(`${files.join(' ')}: the test process ended badly outside of its tests`);
  } else if (failed > 0) {
    problems.push(`${failed} failed in ${files.length === 1 ? files[0] : 'the unit tests'}`);
  }
}

const wanted = (file: string): boolean => positionals.length === 0 || positionals.some((part) => file.includes(part));
const files = [...new Bun.Glob('{packages,services,tools,e2e,bench}/**/*.test.ts').scanSync({ cwd: root })]
  .filter((file) => !file.includes('node_modules/') && wanted(file))
  .toSorted();
const isEndToEnd = (file: string): boolean => file.startsWith('e2e/');
const needsRoot = (file: string): boolean => isEndToEnd(file) || file.endsWith('.root.test.ts');
const unitFiles = files.filter((file) => !needsRoot(file));
const rootFiles = [...files.filter((file) => needsRoot(file) && !isEndToEnd(file)), ...files.filter(isEndToEnd)];

const before = takeCensus();
if (!values['no-check'] && !run(['sh', 'scripts/check.sh'])) process.exit(1);
if (!run([process.execPath, 'run', 'scripts/build.ts'])) process.exit(1);
if (unitFiles.length > 0) runTests(unitFiles, 20_000);
if (process.getuid?.() === 0) {
  for (const file of rootFiles) {
    console.log(`\n== ${file}`);
    runTests([file], 120_000);
  }
} else if (rootFiles.length > 0) {
  totals.skipped += rootFiles.length;
  console.log(`\nSKIPPED, because they need root: ${rootFiles.length} files:\n  ${rootFiles.join('\n  ')}`);
}
rmSync(reports, { recursive: true });

removeEmptyCgroupParents();
const leaks = await settleLeaks(before);
if (leaks.length > 0) {
  totals.failed += 1;
  problems.push(`left on this machine:\n  ${leaks.join('\n  ')}`);
} else {
  totals.passed += 1;
}
console.log('');
for (const problem of problems) console.log(problem);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 || totals.passed < 2 ? 1 : 0;
