export {withoutFusion} from './fusion';
export {useBackend} from './useBackend';
export type {AppliedRepair, Backend, BackendName, BackendOptions} from './types';
