import pg from 'pg';

/** As the service does: a NOTIFY inside of the commits would make them wait for each other. */
const gatherMillis = 20;

/** Wakes the dispatcher by NOTIFY on a connection of its own; wishes of the same moment go out as one. */
export async function openWakeUp(databaseUrl: string): Promise<() => void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'signals' });
  await client.connect();
  let timer: NodeJS.Timeout | undefined;
  const send = (): void => {
    timer = undefined;
    client.query("select pg_notify('bench_dispatch', 'wake')").catch((error: unknown) => {
      console.error(error);
    });
  };
  return () => {
    timer ??= setTimeout(send, gatherMillis);
  };
}
