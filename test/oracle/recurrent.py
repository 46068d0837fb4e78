"""PyTorch's nn.LSTM on known numbers: writes recurrent.json, which test/backend/wasm/lstm.test.ts reads.

    python3 test/oracle/recurrent.py > test/oracle/recurrent.json

PyTorch orders the gates as Keras does (input, forget, candidate, output) and keeps weights turned, with two biases.
Its GRU applies the reset after the recurrent product, which tfjs does not, so there is none here.
"""
import json
import torch

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
batch, steps, features, units = 4, 6, 5, 7
module = torch.nn.LSTM(features, units, batch_first=True)
x = torch.randn(batch, steps, features, requires_grad=True)
h = torch.randn(1, batch, units, requires_grad=True)
c = torch.randn(1, batch, units, requires_grad=True)
sequence, (last_h, last_c) = module(x, (h, c))
weights = [torch.randn_like(t) for t in (sequence, last_h, last_c)]
sum((w * t).sum() for w, t in zip(weights, (sequence, last_h, last_c))).backward()


def numbers(tensor):
    return [round(v, 9) for v in tensor.detach().flatten().tolist()]


print(json.dumps({
    'batch': batch, 'steps': steps, 'features': features, 'units': units,
    'inputs': {
        'x': numbers(x), 'h': numbers(h), 'c': numbers(c),
        'kernel': numbers(module.weight_ih_l0.T), 'recurrentKernel': numbers(module.weight_hh_l0.T),
        'bias': numbers(module.bias_ih_l0 + module.bias_hh_l0),
    },
    'outputWeights': [numbers(w) for w in weights],
    'outputs': [numbers(t) for t in (sequence, last_h, last_c)],
    'gradients': {
        'x': numbers(x.grad), 'h': numbers(h.grad), 'c': numbers(c.grad),
        'kernel': numbers(module.weight_ih_l0.grad.T), 'recurrentKernel': numbers(module.weight_hh_l0.grad.T),
        'bias': numbers(module.bias_ih_l0.grad),
    },
}))
