"""What PyTorch's nn.LayerNorm makes of inputs: outputs and gradients, in float64.

Run: python3 test/oracle/layer_norm.py > test/oracle/layer_norm.json
"""
import json

import torch

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


def pack(tensor):
    return {'shape': list(tensor.shape), 'values': [float('%.9g' % v) for v in tensor.reshape(-1).tolist()]}


def case(name, shape, axes, epsilon, affine=True):
    """axes: how many of the last ones are normalized."""
    module = torch.nn.LayerNorm(shape[-axes:], eps=epsilon, elementwise_affine=affine)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    x = (torch.randn(shape) * 2 + 3).requires_grad_()
    y = module(x)
    upstream = torch.randn(y.shape)
    (y * upstream).sum().backward()
    return {
        'name': name, 'axis': list(range(-axes, 0)), 'epsilon': epsilon, 'affine': affine,
        'x': pack(x.detach()), 'upstream': pack(upstream), 'weights': [pack(p.detach()) for p in module.parameters()],
        'y': pack(y.detach()), 'dx': pack(x.grad), 'weightGradients': [pack(p.grad) for p in module.parameters()],
    }


print(json.dumps([
    case('the last axis of a matrix', [3, 5], 1, 1e-3),
    case('the last axis of sequences', [2, 3, 8], 1, 1e-5),
    case('the last two axes', [3, 2, 7], 2, 1e-3),
    case('the last axis without gamma and beta', [4, 6], 1, 1e-3, affine=False),
]))
