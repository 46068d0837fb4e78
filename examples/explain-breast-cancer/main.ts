/** Explains a network on Breast Cancer Wisconsin: `npm run example:breast-cancer`. */
import {useBackend} from 'glassbox';
import {present} from '../explain/page';
import {explainBreastCancer} from './explain';

await useBackend('auto');
present('breast-cancer', await explainBreastCancer());
