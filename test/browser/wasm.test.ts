import {testInPage} from './testInPage';

await testInPage('on wasm, in a page that may not share memory', {backend: 'wasm', timeout: 120_000});
