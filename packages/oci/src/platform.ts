/**
 * What a program runs on: `os[(version[+feature…])]/architecture[/variant]`. Spelling, normal form and matching are those of
 * containerd/platforms, which image indexes (image-index.md, "platform") are read with everywhere.
 */
import { invalidArgument } from '@docker-ts/base/errors';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** `v7` of arm, `v8` of arm64, `v2` of amd64. */
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const knownSystems: ReadonlySet<string> = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const knownArchitectures: ReadonlySet<string> = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv ' +
    'riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);

const goArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** What this program runs on. */
export function hostPlatform(): Platform {
  const architecture = goArchitectures[process.arch] ?? process.arch;
  return normalizePlatform({ os: 'linux', architecture });
}

function make(
  os: string,
  architecture: string,
  variant: string,
  version: string,
  features: readonly string[],
): Platform {
  return {
    os,
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(version === '' ? {} : { 'os.version': version }),
    ...(features.length === 0 ? {} : { 'os.features': features }),
  };
}

function normalizeSystem(os: string): string {
  const lower = os.toLowerCase();
  if (lower === '') return 'linux';
  return lower === 'macos' ? 'darwin' : lower;
}

const variantSpellings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  amd64: { v1: '' },
  arm64: { '8': '', v8: '', 'v8.0': '', '9': 'v9', '9.0': 'v9', 'v9.0': 'v9' },
  arm: { '': 'v7', '7': 'v7', '5': 'v5', '6': 'v6', '8': 'v8' },
};

function normalizeArchitecture(architecture: string, variant: string): [architecture: string, variant: string] {
  const [name, kind] = [architecture.toLowerCase(), variant.toLowerCase()];
  const spelled = (known: string): [string, string] => [known, variantSpellings[known]?.[kind] ?? kind];
  switch (name) {
    case 'i386':
      return ['386', ''];
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return spelled('amd64');
    case 'aarch64':
    case 'arm64':
      return spelled('arm64');
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      return spelled('arm');
    default:
      return [name, kind];
  }
}

/** The one spelling of what has several: `x86_64` is `amd64`, arm64's `v8` goes without saying. */
export function normalizePlatform(platform: Platform): Platform {
  const [architecture, variant] = normalizeArchitecture(platform.architecture, platform.variant ?? '');
  const features = [...new Set(platform['os.features'])].sort();
  return make(normalizeSystem(platform.os), architecture, variant, platform['os.version'] ?? '', features);
}

const systemPattern = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$/;

function decode(option: string, specifier: string): string {
  try {
    return decodeURIComponent(option);
  } catch (error) {
    throw invalidArgument(`"${specifier}" has an invalid OS version or feature "${option}"`, error);
  }
}

/** Reads `linux/arm64`, `linux`, `arm64`, `linux/arm/v6`; a missing part is this host's. invalid_argument otherwise. */
export function parsePlatform(specifier: string): Platform {
  if (specifier.includes('*')) throw invalidArgument(`"${specifier}": wildcards not yet supported`);
  const parts = specifier.split('/');
  const [first = '', architecture = '', variant = ''] = parts;
  const match = systemPattern.exec(first);
  if (match === null) throw invalidArgument(`"${first}" is an invalid OS component of "${specifier}"`);
  for (const part of parts.slice(1))
    if (!/^[A-Za-z0-9_.-]+$/.test(part)) throw invalidArgument(`"${part}" is an invalid component of "${specifier}"`);
  const [, name = '', version = '', features = ''] = match;
  const os = normalizeSystem(name);
  const options = features.split('+').flatMap((feature) => (feature === '' ? [] : [decode(feature, specifier)]));
  const build = (builtArchitecture: string, builtVariant: string): Platform =>
    make(os, builtArchitecture, builtVariant, decode(version, specifier), options);
  if (parts.length === 1) return parseOnePart(first, os, build);
  if (parts.length > 3) throw invalidArgument(`"${specifier}": cannot parse platform specifier`);
  const [normalArchitecture, normalVariant] = normalizeArchitecture(architecture, variant);
  if (parts.length === 2) return build(normalArchitecture, withoutDefaultArm(normalArchitecture, normalVariant));
  return build(normalArchitecture, normalArchitecture === 'arm64' && normalVariant === '' ? 'v8' : normalVariant);
}

/** `arm` alone is meant to be v7, and written without. */
function withoutDefaultArm(architecture: string, variant: string): string {
  return architecture === 'arm' && variant === 'v7' ? '' : variant;
}

function parseOnePart(part: string, os: string, build: (architecture: string, variant: string) => Platform): Platform {
  if (knownSystems.has(os)) {
    const host = hostPlatform();
    return build(host.architecture, withoutDefaultArm(host.architecture, host.variant ?? ''));
  }
  const [architecture, variant] = normalizeArchitecture(part, '');
  if (!knownArchitectures.has(architecture))
    throw invalidArgument(`"${part}": unknown operating system or architecture`);
  return make('linux', architecture, withoutDefaultArm(architecture, variant), '', []);
}

/** `linux/arm64/v8`; `unknown` without an operating system. Version and features are left out. */
export function formatPlatform({ os, architecture, variant = '' }: Platform): string {
  if (os === '') return 'unknown';
  return [os, architecture, variant].filter((part) => part !== '').join('/');
}

/** True if `candidate` is exactly what `wanted` says, and needs no feature that `wanted` lacks. */
export function matchesPlatform(wanted: Platform, candidate: Platform): boolean {
  const [a, b] = [normalizePlatform(wanted), normalizePlatform(candidate)];
  const features = new Set(a['os.features']);
  return (
    a.os === b.os &&
    a.architecture === b.architecture &&
    (a.variant ?? '') === (b.variant ?? '') &&
    (b['os.features'] ?? []).every((feature) => features.has(feature))
  );
}

/** Platforms whose programs run on `platform`, the best first: arm v7 runs v6 and v5, amd64 runs 386, arm64 runs arm. */
export function compatiblePlatforms(platform: Platform): Platform[] {
  const normal = normalizePlatform(platform);
  const { os, architecture, variant = '' } = normal;
  const at = (kind: string, level: string): Platform =>
    make(os, kind, level, normal['os.version'] ?? '', normal['os.features'] ?? []);
  if (architecture === 'amd64')
    return [normal, ...descending(variant, 1).map((level) => at('amd64', level)), at('386', '')];
  if (architecture === 'arm') return [normal, ...descending(variant, 5).map((level) => at('arm', level))];
  if (architecture !== 'arm64') return [normal];
  const levels = arm64Levels(variant === '' ? 'v8' : variant);
  const arm = levels.length === 0 ? [at('arm', variant)] : compatiblePlatforms(at('arm', 'v8'));
  return [...levels.map((level) => at('arm64', level)), ...arm];
}

/** `v3` down to 1: v2, v1. */
function descending(variant: string, least: number): string[] {
  const match = /^v?(\d+)$/.exec(variant);
  const levels: string[] = [];
  for (let level = Number(match?.[1] ?? least) - 1; level >= least; level--) levels.push(`v${level}`);
  return levels;
}

/** v9.x contains v9 and all of v8.(x+5): the Arm Architecture Reference Manual's correspondence. */
function arm64Levels(variant: string): string[] {
  const match = /^v([89])(?:\.(\d))?$/.exec(variant);
  if (match === null) return [];
  const [major, minor] = [Number(match[1]), Number(match[2] ?? 0)];
  const down = (from: number, most: number): string[] =>
    Array.from({ length: most + 1 }, (_, index) => (index === most ? `v${from}` : `v${from}.${most - index}`));
  return major === 9 ? [...down(9, minor), ...down(8, Math.min(minor + 5, 9))] : down(8, minor);
}

/**
 * The one of `candidates` that fits `wanted` best, by `platformOf`; undefined if none runs there. `strict`: exactly that platform, no
 * older relatives.
 */
export function choosePlatform<T>(
  candidates: readonly T[],
  wanted: Platform,
  platformOf: (candidate: T) => Platform | undefined,
  strict = false,
): T | undefined {
  for (const acceptable of strict ? [normalizePlatform(wanted)] : compatiblePlatforms(wanted))
    for (const candidate of candidates) {
      const platform = platformOf(candidate);
      if (platform !== undefined && matchesPlatform(acceptable, platform)) return candidate;
    }
  return undefined;
}
