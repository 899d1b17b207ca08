import { DEFAULT_PLACEMENT } from '../scenario/seven-screens.ts';
import { sevenScreensScenario } from './seven-screens-scenario.ts';

sevenScreensScenario('across hosts and racks', DEFAULT_PLACEMENT);
