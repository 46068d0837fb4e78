"""What PyTorch's nn.MultiheadAttention makes of inputs: outputs, probabilities and gradients, in float64.

Run: python3 test/oracle/attention.py > test/oracle/attention.json
Weights are written in Keras's layout: [dim, heads, keyDim], and [heads, valueDim, outputs] for the last one.
"""
import json

import torch

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


def pack(tensor):
    return {'shape': list(tensor.shape), 'values': [float('%.9g' % v) for v in tensor.reshape(-1).tolist()]}


def case(name, dim, heads, batch, targets, sources=None, kdim=None, vdim=None, bias=True, causal=False,
         padding=None, pairs=None):
    """padding: valid keys of each sequence; pairs: share of pairs that are forbidden."""
    module = torch.nn.MultiheadAttention(dim, heads, bias=bias, kdim=kdim, vdim=vdim, batch_first=True)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    query = torch.randn(batch, targets, dim, requires_grad=True)
    inputs = [query]
    if sources is not None:
        inputs += [torch.randn(batch, sources, vdim or dim, requires_grad=True),
                   torch.randn(batch, sources, kdim or dim, requires_grad=True)]
    value, key = (inputs[1], inputs[2]) if sources is not None else (query, query)
    length = key.shape[1]
    allowed = torch.ones(batch, heads, targets, length, dtype=torch.bool)
    if causal:
        allowed &= torch.ones(targets, length).tril().bool()
    if pairs:
        allowed &= torch.rand(batch, heads, targets, length) > pairs
        allowed[..., 0] = True
    key_padding = None
    if padding:
        key_padding = torch.arange(length)[None] >= torch.tensor(padding)[:, None]
    output, scores = module(query, key, value, need_weights=True, average_attn_weights=False,
                            key_padding_mask=key_padding, attn_mask=~allowed.reshape(-1, targets, length))
    upstream = torch.randn(output.shape)
    (output * upstream).sum().backward()

    def kernels(gradient):
        get = (lambda p: p.grad) if gradient else (lambda p: p.detach())
        if module.in_proj_weight is not None:
            weights = get(module.in_proj_weight).chunk(3)
        else:
            weights = [get(p) for p in (module.q_proj_weight, module.k_proj_weight, module.v_proj_weight)]
        biases = get(module.in_proj_bias).chunk(3) if bias else [None] * 3
        found = []
        for w, b in zip(weights, biases):
            found.append(w.t().reshape(w.shape[1], heads, -1))
            if bias:
                found.append(b.reshape(heads, -1))
        found.append(get(module.out_proj.weight).t().reshape(heads, dim // heads, dim))
        if bias:
            found.append(get(module.out_proj.bias))
        return [pack(t) for t in found]

    return {
        'name': name, 'heads': heads, 'keyDim': dim // heads, 'bias': bias, 'causal': causal,
        'padding': padding, 'pairs': pack(allowed.double()) if pairs else None,
        'inputs': [pack(t.detach()) for t in inputs], 'weights': kernels(False),
        'output': pack(output.detach()), 'scores': pack(scores.detach()), 'upstream': pack(upstream),
        'inputGradients': [pack(t.grad) for t in inputs], 'weightGradients': kernels(True),
    }


print(json.dumps([
    case('self-attention', 6, 2, 2, 5),
    case('causal self-attention without biases', 8, 4, 2, 4, bias=False, causal=True),
    case('query, value and key of three kinds', 6, 3, 2, 3, 5, kdim=4, vdim=7),
    case('padded keys', 4, 1, 3, 4, 5, padding=[5, 2, 1]),
    case('forbidden pairs of each head', 6, 2, 2, 4, pairs=0.4),
]))
