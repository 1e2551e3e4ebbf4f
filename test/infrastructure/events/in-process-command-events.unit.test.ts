import { InProcessCommandEvents } from '#infrastructure/events/in-process-command-events.js';

import { commandEventsContract } from '../../contracts/command-events-contract.js';
import { captureLog } from '../observability/captured-log.js';

commandEventsContract('InProcessCommandEvents', () => {
  const captured = captureLog();
  const events = new InProcessCommandEvents({ log: captured.log });
  return Promise.resolve({ here: events, there: events, captured });
});
