// Module util over the clock and the randomness of the machine.
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { createUtilModule } from '../../src/modules/util/util.ts';

export const utilModule = createUtilModule({ clock: systemClock, random: systemRandom });
