import { readSettings, usage } from './command-line.js';
import { type Simulator, startSimulator } from './simulator.js';

const settings = readSettings(process.argv.slice(2), process.env);
switch (settings.kind) {
  case 'help':
    console.log(usage);
    break;
  case 'wrong':
    console.error([...settings.complaints, '', usage].join('\n'));
    process.exitCode = 2;
    break;
  case 'start':
    await run(settings.options);
    break;
}

async function run(options: Parameters<typeof startSimulator>[0]): Promise<void> {
  let simulator: Simulator;
  try {
    simulator = await startSimulator(options);
  } catch (error) {
    console.error(reasonOf(error, options?.port ?? 0));
    process.exitCode = 1;
    return;
  }
  for (const vehicle of simulator.vehicles) {
    console.log(`${vehicle.vin}  ${vehicle.make} ${vehicle.model} (${vehicle.modelYear})  ${vehicle.baseUrl}`);
  }
  console.log(`Control endpoint: ${simulator.controlUrl}`);
  const stop = (): void => void simulator.close();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function reasonOf(error: unknown, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken. Choose another one with --port, or --port 0 for any free one.`;
  if (code === 'EACCES') return `Port ${port} may not be used. Choose one above 1023 with --port.`;
  return `The simulator can't start: ${error instanceof Error ? error.message : String(error)}`;
}
