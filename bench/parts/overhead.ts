import {useBackend} from 'glassbox';
import {short, table} from '../markdown';
import {measureOverhead} from '../overhead';
import type {Part} from './part';

/** What the Trainer adds to a step, in a process of its own: this one. */
export const overheadPart: Part = {
  name: 'overhead',
  async run(_peers, {rounds}) {
    await useBackend('wasm');
    const overhead = await measureOverhead(30 * rounds);
    const allowed = Math.max(0.3, 0.03 * overhead.bare);
    return {
      markdown: table(
        [`mlp, ${overhead.steps} steps in turn`, 'median ms a step'],
        [
          ['bare variableGrads loop, same loss and Adam', short(overhead.bare)],
          ['Trainer', short(overhead.trainer)],
          ["Trainer's overhead (median of differences)", overhead.difference.toFixed(2)],
          ['allowed: 0.3 ms or 3 %', short(allowed)],
        ],
      ),
      details: {...overhead, allowed},
      figures: {'overhead/ofAllowed': overhead.difference / allowed},
    };
  },
};
