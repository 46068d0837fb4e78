import {short, table} from '../markdown';
import type {Peer} from '../peers';
import type {Part} from './part';

/** Not the workload's 128: stock tfjs takes seven minutes for such a step on its cpu backend. */
const BATCH = 16;

/** The most bytes of tensors alive at once in the first training step of `cnn`. */
export const memoryPart: Part = {
  name: 'memory',
  async run({ours, stockCpu}) {
    const peak = async (peer: Peer): Promise<number> => {
      const [bytes] = await peer.measure({kind: 'peakBytes', workload: 'cnn', batch: BATCH}, 1);
      await peer.rest();
      return bytes! / 2 ** 20;
    };
    const own = await peak(ours);
    const stock = stockCpu === undefined ? NaN : await peak(stockCpu);
    return {
      markdown: table(
        [`cnn, batch ${BATCH}`, 'MiB of tensors at the peak'],
        [
          ['glassbox', short(own)],
          ['tfjs cpu', short(stock)],
          ['ratio', short(own / stock)],
        ],
      ),
      details: {batch: BATCH, own, stock},
      figures: {'memory/ofStock': own / stock},
    };
  },
};
