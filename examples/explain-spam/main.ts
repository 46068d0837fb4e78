/** Explains a spam filter: `npm run example:spam`. */
import {useBackend} from 'glassbox';
import {present} from '../explain/page';
import {explainSpam} from './explain';

await useBackend('auto');
present('spam', await explainSpam());
