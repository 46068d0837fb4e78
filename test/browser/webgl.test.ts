import {testInPage} from './testInPage';

await testInPage('on webgl', {
  backend: 'webgl',
  imports: ['glassbox/backend/webgl'],
  timeout: 1_200_000,
});
