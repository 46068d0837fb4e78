/** The engine: kernels of our own on the memory of tfjs's WASM backend. */
export {activationCode} from './activations';
export {chunksFor} from './engine';
export type {Engine, Executor} from './engine';
export {engineKernel, isFloat} from './engineKernel';
export type {EngineCall, EngineKernel} from './engineKernel';
export {startEngine} from './start';
export type {EngineSettings, EngineStart} from './start';
