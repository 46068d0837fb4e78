/** Explains a network on Fashion-MNIST: `npm run example:fashion-mnist`. */
import {useBackend} from 'glassbox';
import {present} from '../explain/page';
import {explainFashionMnist} from './explain';

await useBackend('auto');
present('fashion-mnist', await explainFashionMnist());
