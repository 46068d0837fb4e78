import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'coverage/',
      'docs/api/',
      'node_modules/',
      'runs/',
      '.cache/',
      'src/backend/wasm/kernels/',
      '**/*.generated.ts',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [js.configs.recommended, ...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname},
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': [
        'error',
        {fixStyle: 'inline-type-imports', disallowTypeAnnotations: false},
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        {argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true},
      ],
      // `noUncheckedIndexedAccess` makes `array[i]!` the honest form in a loop whose bounds are known.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Messages are full of numbers and shapes.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        {allowNumber: true, allowBoolean: true, allowNullish: true, allowArray: true},
      ],
      '@typescript-eslint/no-base-to-string': 'off',
      // A callback's hook may be async without awaiting; `() => tf.dispose(x)` and `void promise` read well.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // These ask for code at the mercy of how precise tfjs's declarations are.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // tfjs's registries are plain objects, and its functions do not use `this`.
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // `[...'abc']` takes an einsum equation apart.
      '@typescript-eslint/no-misused-spread': 'off',
      // `'completed' | (string & {})` and empty option types are deliberate.
      '@typescript-eslint/no-empty-object-type': 'off',
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      eqeqeq: ['error', 'always', {null: 'ignore'}],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSAsExpression > TSAsExpression > TSUnknownKeyword.typeAnnotation',
          message: 'A cast through unknown belongs into the tfjsInternals.ts of its border.',
        },
      ],
    },
  },
  {
    files: ['src/**/tfjsInternals.ts'],
    rules: {'no-restricted-syntax': 'off'},
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts', 'scripts/**/*.ts', '*.ts'],
    rules: {
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    extends: [js.configs.recommended],
    languageOptions: {
      globals: {module: 'writable', require: 'readonly', process: 'readonly', console: 'readonly'},
    },
  },
  {
    // Pages, as a browser loads them.
    files: ['examples/page/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          ...[
            'AbortController',
            'DecompressionStream',
            'Image',
            'Response',
            'URL',
            'URLSearchParams',
            'Worker',
          ],
          ...['document', 'fetch', 'getComputedStyle', 'location', 'postMessage', 'self'],
        ].map(name => [name, 'readonly']),
      ),
    },
  },
);
