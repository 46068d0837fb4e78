import {testInPage} from './testInPage';

await testInPage('on webgpu', {
  backend: 'webgpu',
  imports: ['glassbox/backend/webgpu'],
  timeout: 2_400_000,
});
