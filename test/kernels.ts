import {compileKernels} from '../scripts/kernels';

/** The engine's kernels are compiled before any test imports them. */
export default compileKernels;
