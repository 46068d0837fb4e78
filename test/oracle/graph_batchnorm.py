"""Batch normalization in training, in float64 by PyTorch, forward and backward: graph_batchnorm.json.

Masked moments follow Keras 3: steps that are masked are left out of mean and variance, and normalized all the same.
"""
import json
import os

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(7)
MOMENTUM, EPSILON = 0.9, 1e-3


def case(name, shape, axis=-1, center=True, scale=True, offset=0.0, mask=None):
    x = torch.tensor((rng.standard_normal(shape) * 2 + offset).astype(np.float32).astype(np.float64), requires_grad=True)
    dy = torch.tensor(rng.standard_normal(shape).astype(np.float32).astype(np.float64))
    c = shape[axis]
    gamma = torch.tensor(rng.uniform(0.5, 2, c).astype(np.float32).astype(np.float64), requires_grad=True)
    beta = torch.tensor(rng.standard_normal(c).astype(np.float32).astype(np.float64), requires_grad=True)
    moving_mean = torch.tensor(rng.standard_normal(c).astype(np.float32).astype(np.float64))
    moving_variance = torch.tensor(rng.uniform(0.5, 2, c).astype(np.float32).astype(np.float64))
    axis = axis % len(shape)
    axes = [i for i in range(len(shape)) if i != axis]
    view = [c if i == axis else 1 for i in range(len(shape))]
    if mask is None:
        w = torch.ones(shape)
    else:
        w = torch.tensor(np.array(mask, dtype=np.float64))
        w = w.reshape(list(w.shape) + [1] * (len(shape) - w.dim())).expand(shape)
    n = w.sum(axes)
    mean = (w * x).sum(axes) / n
    variance = (w * (x - mean.reshape(view)) ** 2).sum(axes) / n
    y = (x - mean.reshape(view)) / torch.sqrt(variance.reshape(view) + EPSILON)
    if scale:
        y = y * gamma.reshape(view)
    if center:
        y = y + beta.reshape(view)
    (y * dy).sum().backward()
    if mask is None and axis == 1 and shape[0] > 1:  # the plain case once more, by PyTorch's own layer
        ref = torch.nn.functional.batch_norm(x.detach(), None, None, gamma.detach() if scale else None,
                                             beta.detach() if center else None, True, 0.1, EPSILON)
        assert torch.allclose(ref, y.detach(), atol=1e-12)
    flat = lambda t: t.detach().reshape(-1).tolist()
    return {
        'name': name, 'shape': shape, 'axis': axis, 'center': center, 'scale': scale, 'mask': mask,
        'momentum': MOMENTUM, 'epsilon': EPSILON,
        'x': flat(x), 'dy': flat(dy), 'gamma': flat(gamma), 'beta': flat(beta),
        'movingMean': flat(moving_mean), 'movingVariance': flat(moving_variance),
        'y': flat(y), 'dx': flat(x.grad),
        'dGamma': flat(gamma.grad) if scale else None, 'dBeta': flat(beta.grad) if center else None,
        'newMean': flat(moving_mean * MOMENTUM + mean * (1 - MOMENTUM)),
        'newVariance': flat(moving_variance * MOMENTUM + variance * (1 - MOMENTUM)),
    }


cases = [
    case('features', [7, 3], axis=1),
    case('features without center', [6, 2], axis=1, center=False),
    case('features without scale', [6, 2], axis=1, scale=False),
    case('features without either', [6, 2], axis=1, center=False, scale=False),
    case('one row', [1, 3], axis=1),
    case('images', [3, 4, 2, 3]),
    case('images with channels first', [3, 2, 4, 2], axis=1),
    case('volumes', [2, 2, 3, 2, 2]),
    case('a mean far from zero', [16, 4, 4, 2], offset=1000.0),
    case('masked sequences', [3, 4, 2], mask=[[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]]),
    case('masked sequences, normalized by time', [3, 4, 2], axis=1, mask=[[1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 1]]),
    case('masked sequences of images', [2, 3, 2, 2, 2], mask=[[1, 0, 0], [1, 1, 0]]),
]
with open(os.path.join(os.path.dirname(__file__), 'graph_batchnorm.json'), 'w') as f:
    json.dump(cases, f)
