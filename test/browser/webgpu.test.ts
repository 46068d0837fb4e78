import {testInPage} from './testInPage';

await testInPage('on webgpu', {
  backend: 'webgpu',
  imports: ['glassbox/backend/webgpu'],
  // Others read synchronously in places, which a GPU that the processor imitates has no way for.
  files: path => path.startsWith('test/suite/'),
  timeout: 900_000,
});
