import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const forbiddenFileNames =
  /(^|[-/])(utils?|helpers?|common|shared|manager|misc|base)\.[cm]?ts$|\/(index|types|constants)\.[cm]?ts$/u;

/** Refuses file names that say nothing about what is inside. */
const fileNames = {
  create: (context) => ({
    Program(node) {
      if (forbiddenFileNames.test(context.filename.replaceAll('\\', '/'))) {
        context.report({ node, message: 'Name the file after the one idea that it holds.' });
      }
    },
  }),
};

const noProcessEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Read settings from src/config; only src/config/environment.ts looks at the environment.',
};
const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'Use a named export.' };
const noDeepClimb = {
  selector: 'ImportDeclaration[source.value=/^\\.\\.\\u002F\\.\\.\\u002F\\.\\.\\u002F/]',
  message: 'Use a subpath import such as #application/....',
};

export default tseslint.config(
  { ignores: ['dist/**', 'coverage/**', '.data/**', 'node_modules/**'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.cts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { house: { rules: { 'file-names': fileNames } } },
    rules: {
      'house/file-names': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', noProcessEnvironment, noDefaultExport, noDeepClimb],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `{ }` bodies are what a port without work to do has to offer, for instance a disabled adapter.
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    files: ['src/application/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Chance comes from a port.' },
        { object: 'Date', property: 'now', message: 'Time comes from the Clock port.' },
      ],
      'no-restricted-syntax': [
        'error',
        noProcessEnvironment,
        noDefaultExport,
        noDeepClimb,
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Time comes from the Clock port.',
        },
      ],
    },
  },
  {
    // The command-line programs speak to a person on a terminal, and read what that person set.
    files: [
      ...['simulator/main.ts', 'src/create-admin.ts', 'src/rotate-credentials.ts', 'src/migrate.ts'],
      ...['test/support/**/*.ts', 'bench/**/*.ts', 'demo/**/*.ts'],
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['src/config/environment.ts', 'simulator/main.ts', 'test/**/*.ts', 'bench/**/*.ts', 'demo/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noDeepClimb] },
  },
  {
    // chai assertions are expressions, mocha's callbacks are async by nature, and bodies of answers come untyped.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.cjs', '.sequelizerc'],
    languageOptions: { globals: { module: 'writable', require: 'readonly', __dirname: 'readonly' } },
  },
  {
    // Runs inside the container of the service, with what Node itself offers.
    files: ['deploy/**/*.mjs'],
    languageOptions: {
      globals: { fetch: 'readonly', AbortSignal: 'readonly', console: 'readonly', process: 'readonly' },
    },
  },
);
