import {short, table} from '../markdown';
import type {Peer} from '../peers';
import type {Part} from './part';

/** Where rounds are few, a smaller batch: stock tfjs takes long for such a step on its cpu backend. */
const BATCH = 128;
const QUICK_BATCH = 16;

/** The most bytes of tensors alive at once in the first training step of `cnn`. */
export const memoryPart: Part = {
  name: 'memory',
  async run({ours, stockCpu}, {rounds}) {
    const batch = rounds < 5 ? QUICK_BATCH : BATCH;
    const peak = async (peer: Peer): Promise<number> => {
      const [bytes] = await peer.measure({kind: 'peakBytes', workload: 'cnn', batch}, 1);
      await peer.rest();
      return bytes! / 2 ** 20;
    };
    const own = await peak(ours);
    const stock = stockCpu === undefined ? NaN : await peak(stockCpu);
    return {
      markdown: table(
        [`cnn, batch ${batch}`, 'MiB of tensors at the peak'],
        [
          ['glassbox', short(own)],
          ['tfjs cpu', short(stock)],
          ['ratio', short(own / stock)],
        ],
      ),
      details: {batch, own, stock},
      figures: {'memory/ofStock': own / stock},
    };
  },
};
