import {testInPage} from './testInPage';

await testInPage('on webgpu', {
  backend: 'webgpu',
  imports: ['glassbox/backend/webgpu'],
  // Some tests read synchronously themselves, which a GPU that the processor imitates has no way for.
  without: /^ConfigurationError: On the backend 'webgpu', a tensor cannot be read at once/,
  timeout: 900_000,
});
