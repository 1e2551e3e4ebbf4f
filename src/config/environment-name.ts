/** The kinds of environment that `NODE_ENV` can name. */
export const environmentNames = ['development', 'test', 'production'] as const;

/** What the service runs for. In production nothing is made up: database, Redis and secret have to be given. */
export type EnvironmentName = (typeof environmentNames)[number];
