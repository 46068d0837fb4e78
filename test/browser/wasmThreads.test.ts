import {testInPage} from './testInPage';

await testInPage('on wasm with threads, in an isolated page', {
  backend: 'wasm',
  isolated: true,
  timeout: 120_000,
});
