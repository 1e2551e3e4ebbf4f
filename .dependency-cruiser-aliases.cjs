'use strict';

const path = require('node:path');

const { imports } = require('./package.json');

/** The subpath imports of package.json, led back from the compiled files in dist to the sources. */
const alias = Object.fromEntries(
  Object.entries(imports).map(([name, target]) => [
    name.replace(/\/\*$/u, ''),
    path.resolve(__dirname, target.replace(/^\.\/dist\//u, '').replace(/\/\*$/u, '')),
  ]),
);

module.exports = { resolve: { alias, extensionAlias: { '.js': ['.ts', '.js'], '.cjs': ['.cts', '.cjs'] } } };
