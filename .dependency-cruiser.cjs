/**
 * The direction in which imports go:
 * core ← {backend, graph, data, layers, losses, metrics, optimizers, schedules} ← checkpoint ← trainer ←
 * {callbacks, track} ← {node, explain, tune, export, report} ← the entries.
 */
const levels = [
  ['core'],
  ['backend', 'graph', 'data', 'layers', 'losses', 'metrics', 'optimizers', 'schedules'],
  ['checkpoint'],
  ['trainer'],
  ['callbacks', 'track'],
  ['node', 'namespaces', 'explain', 'tune', 'automl', 'export', 'report', 'distribute'],
];

const builtins = require('node:module').builtinModules.filter(name => !name.startsWith('_'));
const folder = names => `^src/(${names.join('|')})/`;

/** What runs in a browser: every entry but `glassbox/node` and `glassbox/backend/node`. */
const browserEntries =
  '^src/(index|browser[.\\w]*|namespaces/data|(track|layers|explain|tune|automl|report|backend/web(gl|gpu))/index)\\.ts$';

module.exports = {
  forbidden: [
    ...levels.slice(0, -1).map((names, level) => ({
      name: `nothing-above-${names.length > 1 ? 'the-parts' : names[0]}`,
      comment: `${names.join(', ')} may import only what stands left of or beside them.`,
      severity: 'error',
      from: {path: folder(names)},
      to: {path: folder(levels.slice(level + 1).flat())},
    })),
    {
      name: 'known-folders-only',
      comment:
        'A new folder in src needs a place in the order of imports: add it to .dependency-cruiser.cjs.',
      severity: 'error',
      from: {},
      to: {path: '^src/[^/]+/', pathNot: folder(levels.flat())},
    },
    {
      name: 'only-through-the-door',
      comment: "A folder's index.ts is its only door for the others.",
      severity: 'error',
      from: {path: '^src/([^/]+)/'},
      to: {path: '^src/[^/]+/.+', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$']},
    },
    {
      name: 'entries-through-the-door',
      comment: 'The entries re-export folders, not files in them.',
      severity: 'error',
      from: {path: '^src/[^/]+\\.ts$'},
      to: {path: '^src/[^/]+/.+', pathNot: '^src/([^/]+|backend/web(gl|gpu))/index\\.ts$'},
    },
    {
      name: 'not-from-the-entries',
      comment: 'The entries sit on top: nothing in a folder imports them.',
      severity: 'error',
      from: {path: '^src/[^/]+/'},
      to: {path: '^src/[^/]+\\.ts$'},
    },
    {
      name: 'no-circles',
      comment: 'Modules that need each other are one module. Types may refer to each other.',
      severity: 'error',
      from: {path: '^src/'},
      to: {circular: true, viaOnly: {dependencyTypesNot: ['type-only']}},
    },
    {
      name: 'backends-in-backend-only',
      comment: 'Only src/backend (and the browser bundle, which holds the engines) knows backends.',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/(backend/|browser\\.ts$)'},
      to: {path: 'tfjs-backend-'},
    },
    {
      name: 'no-node-in-the-browser',
      comment: 'What the root entry reaches must load in a browser: Node built-ins belong to glassbox/node.',
      severity: 'error',
      from: {path: browserEntries},
      to: {reachable: true, path: `^(node:)?(${builtins.join('|')})$`},
    },
    {
      name: 'nothing-undeclared',
      comment: 'The library imports only its dependencies and peer dependencies.',
      severity: 'error',
      from: {path: '^src/'},
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
    {
      name: 'no-unresolved',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {path: '^src/'},
      to: {couldNotResolve: true},
    },
  ],
  options: {
    doNotFollow: {path: 'node_modules'},
    tsPreCompilationDeps: true,
    tsConfig: {fileName: 'tsconfig.json'},
    enhancedResolveOptions: {exportsFields: ['exports'], conditionNames: ['import', 'types', 'default']},
  },
};
