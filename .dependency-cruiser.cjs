/** The layers of the project (docs/architecture.md, "Layers"); `scripts/check-layers.ts` runs this and refuses to see nothing. */
const service = (name) => `^services/${name}/`;
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'a cycle has no layer',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'base-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^packages/base/' },
      to: { path: '^(packages/(?!base/)|services|tools|e2e|bench)' },
    },
    {
      name: 'packages-know-no-program',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(services|tools|e2e|bench)/' },
    },
    ...['dockerd', 'containerd', 'shim'].map((name) => ({
      name: `${name}-imports-no-other-program`,
      comment: 'what passes between programs is the protocol alone',
      severity: 'error',
      from: { path: service(name) },
      to: { path: `^(services/(?!${name}/)|tools/|e2e/|bench/)` },
    })),
    {
      name: 'runc-ts-imports-no-other-program',
      severity: 'error',
      from: { path: '^tools/runc-ts/' },
      to: { path: '^(services/|e2e/|bench/)' },
    },
    {
      name: 'no-heavy-module-where-start-up-counts',
      comment: 'runc-ts and the shim start for every container',
      severity: 'error',
      from: { path: '^(tools/runc-ts|services/shim)/', pathNot: '\\.test\\.ts$' },
      to: { path: 'node_modules/.*(@grpc|express|winston|yargs|classic-level|node-fetch)' },
    },
    {
      name: 'raw-system-calls-in-linux-only',
      severity: 'error',
      from: { path: '^(services|tools|packages/(?!linux/))', pathNot: '\\.test\\.ts$' },
      to: { path: '^bun:ffi$|^ffi$' },
    },
    {
      name: 'domain-knows-no-transport',
      comment: 'express and grpc stay at the edges: api, client, main and composition',
      severity: 'error',
      from: {
        path: '^services/[^/]+/src/[^/]+/',
        pathNot: '^services/[^/]+/src/[^/]*(api|client)[^/]*/|routes\\.ts$|service\\.ts$|\\.test\\.ts$',
      },
      to: { path: 'node_modules/.*(@grpc/grpc-js|/express/)', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/gen/' },
    builtInModules: { add: ['bun', 'bun:ffi', 'bun:test', 'bun:jsc'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'default'],
      extensions: ['.ts', '.js'],
    },
  },
};
