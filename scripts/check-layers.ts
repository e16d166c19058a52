/** Runs dependency-cruiser on the layer rules. A checker that sees no modules would pass everything, so that is a failure too. */
import { resolve } from 'node:path';

const root = resolve(import.meta.dir, '..');
const folders = ['packages', 'services', 'tools', 'e2e', 'bench'];
const child = Bun.spawn(['depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders], {
  cwd: root,
  stdout: 'pipe',
  stderr: 'inherit',
});
const report = JSON.parse(await new Response(child.stdout).text()) as {
  summary: { totalCruised: number; totalDependenciesCruised: number; violations: Violation[] };
  modules: { source: string; dependencies: { resolved: string; couldNotResolve: boolean; module: string }[] }[];
};
interface Violation {
  from: string;
  to: string;
  rule: { name: string };
  cycle?: { name: string }[];
}
const { summary, modules } = report;
const sources = modules.filter((module) => /^(packages|services|tools|e2e|bench)\//.test(module.source));
if (sources.length < 20 || summary.totalDependenciesCruised < sources.length) {
  throw new Error(
    `the layer check saw ${sources.length} modules and ${summary.totalDependenciesCruised} imports: it looks at nothing`,
  );
}
const unresolved = sources.flatMap((module) =>
  module.dependencies
    .filter((dependency) => dependency.couldNotResolve && /^(\.|@docker-ts)/.test(dependency.module))
    .map((dependency) => `${module.source} → ${dependency.module}: not found`),
);
const broken = summary.violations.map(
  (violation) =>
    `${violation.rule.name}: ${violation.from} → ${violation.cycle?.map((step) => step.name).join(' → ') ?? violation.to}`,
);
for (const line of [...unresolved, ...broken]) console.error(line);
console.log(`${sources.length} modules, ${summary.totalDependenciesCruised} imports, ${broken.length} violations`);
process.exitCode = unresolved.length + broken.length > 0 ? 1 : 0;
