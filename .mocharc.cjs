'use strict';

const process = require('node:process');

/** Which files to run is said by whoever calls: `npm test`, or the patterns on the command line. */
module.exports = {
  timeout: 30_000,
  reporter: 'spec',
  slow: 1_000,
  // Checks every answer of the service against its OpenAPI document.
  require: ['./dist/test/support/contract/hooks.js'],
  forbidOnly: process.env.CI === 'true',
  'node-option': ['enable-source-maps'],
};
