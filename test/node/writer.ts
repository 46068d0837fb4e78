/**
 * A process that writes one checkpoint after the other, to be killed in the middle: entry 'latest' holds the number
 * of the write in every word, and a line on standard output says that a write is done.
 */
import {DirectoryStore} from '../../src/node';

const [path, words = '1', from = '1'] = process.argv.slice(2);
const store = new DirectoryStore(path!);
for (let n = Number(from); ; n++) {
  await store.write('latest', new Uint8Array(new Uint32Array(Number(words)).fill(n).buffer));
  process.stdout.write(`${n}\n`);
}
