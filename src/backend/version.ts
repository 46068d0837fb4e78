/** The version of this package. Two versions in one program keep their kernels apart by it. */
export const version = '0.1.0';
