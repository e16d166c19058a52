/** A plan as a person reads it, and as JSON. */
import type { CgroupWrite } from '../cgroup/write-plan.ts';
import type { Plan, Step } from './plan.ts';

const details = new Set(['options', 'source', 'attributes', 'set', 'argv', 'cwd', 'flags', 'types', 'directories']);

function formatValue(value: unknown): string {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return value.map((item) => (typeof item === 'string' ? item : formatValue(item))).join(',');
  return String(value);
}

function detailOf(step: Step): string {
  return Object.entries(step.values)
    .filter(([name, value]) => details.has(name) && formatValue(value) !== '' && formatValue(value) !== '0x0')
    .map(([name, value]) => `${name}=${formatValue(value)}`)
    .join(' ');
}

/** What the runtime writes into the container's cgroups, then one line a step: number, what, details, the field of config.json. */
export function describePlan(plan: Plan, writes: readonly CgroupWrite[]): string {
  const width = String(plan.steps.length).length;
  const lines = plan.steps.map((step, index) => {
    const head = `${String(index + 1).padStart(width)}  ${step.operation.padEnd(17)} ${step.what}`;
    const detail = detailOf(step);
    return [head, detail === '' ? '' : `  [${detail}]`, step.field === '' ? '' : `  <- ${step.field}`].join('');
  });
  const cgroup = writes.map(({ file, value, field }) => `-  cgroup ${file} = ${value}  <- ${field}`);
  return [...cgroup, ...lines, ...plan.warnings.map((warning) => `warning: ${warning}`), ''].join('\n');
}

export function planToJson(plan: Plan, writes: readonly CgroupWrite[]): string {
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return `0x${value.toString(16)}`;
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
  };
  return JSON.stringify({ cgroup: writes, steps: plan.steps, warnings: plan.warnings }, plain, 2);
}
