import {testInPage} from './testInPage';

await testInPage('on webgl', {backend: 'webgl', imports: ['glassbox/backend/webgl'], timeout: 900_000});
