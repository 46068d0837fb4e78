export {withoutFusion} from '../core';
export {useBackend} from './useBackend';
export type {AppliedRepair, Backend, BackendName, BackendOptions, EngineState, TriedBackend} from './types';
export {backendState} from './runningBackend';
export type {BackendState} from './runningBackend';
export {Profile} from './profile';
export type {KernelPlace, KernelProfile} from './profile';
