import {testInPage} from './testInPage';

await testInPage('on webgl', {
  backend: 'webgl',
  imports: ['glassbox/backend/webgl'],
  files: path => path.startsWith('test/suite/'),
  timeout: 900_000,
});
