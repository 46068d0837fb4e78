/** What Keras adds to or keeps away from zero in logarithms and quotients (`keras.config.epsilon()`). */
export const EPSILON = 1e-7;

/** The smallest divisor in gradients that a following softmax or sigmoid multiplies by the same number again. */
export const SMALLEST = 1e-30;

/** What Keras calls the options of crossentropies. */
export const CROSSENTROPY_ALIASES = {from_logits: 'fromLogits', label_smoothing: 'labelSmoothing'};
