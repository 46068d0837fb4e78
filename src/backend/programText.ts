/**
 * Kernels whose programs for the GPU have another text than tfjs gives them. A kernel in whose programs there is
 * nothing to change is an error, unless there need not be: it would compute what is wrong, unnoticed.
 */
import type {KernelBackend, KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {BackendUnavailableError} from '../core';

type Run<Program> = (program: Program, ...rest: unknown[]) => TensorInfo;

/** The methods by which tfjs's backends run a program. */
type RunMethod = 'runWebGLProgram' | 'runWebGPUProgram';

/**
 * A kernel that hands each of its programs to `edit` before it runs. Some run several, of which one is to be changed,
 * and some inputs take none at all, as where few numbers are computed without the GPU: so of the programs of a call,
 * if there are any, one at least has to be changed.
 *
 * @param edit gives the program another text, and tells whether it did
 * @param isOptional whether there are inputs for which nothing has to be changed
 */
export function withEditedPrograms<Program>(
  kernel: KernelConfig,
  method: RunMethod,
  edit: (program: Program) => boolean,
  isOptional = false,
): KernelConfig {
  return {
    ...kernel,
    kernelFunc: call => {
      const backend = call.backend as KernelBackend & Record<RunMethod, Run<Program>>;
      const run = backend[method];
      const isOwn = Object.hasOwn(backend, method);
      let isEdited: boolean | undefined;
      // On the backend itself, not on an object in front of it: tfjs keeps its books there while the kernel runs.
      backend[method] = (program, ...rest) => {
        isEdited = edit(program) || isEdited === true;
        return run.call(backend, program, ...rest);
      };
      let outputs: TensorInfo | TensorInfo[];
      try {
        outputs = kernel.kernelFunc(call);
      } finally {
        if (isOwn) backend[method] = run;
        else Reflect.deleteProperty(backend, method);
      }
      if (isOptional || isEdited !== false) return outputs;
      for (const {dataId} of [outputs].flat()) backend.disposeData(dataId);
      throw new BackendUnavailableError(
        `tfjs's programs for the kernel ${kernel.kernelName} are not those that glassbox puts right.`,
        {
          hint: 'Install the release of tfjs that glassbox names in its peerDependencies (npm ls @tensorflow/tfjs-core), or report this.',
          code: 'backend/repair',
        },
      );
    },
  };
}
