import { sevenScreensScenario } from './seven-screens-scenario.ts';

sevenScreensScenario('all on one host', { pub: 'compute-a2', def: 'compute-a2', prv: 'compute-a2' });
