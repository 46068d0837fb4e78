"""What PyTorch makes of layers of tfjs-layers: losses, gradients and weights over some SGD steps, in float64.

Run: python3 test/oracle/layers.py > test/oracle/layers.json
Weights, shapes and options are Keras's (channels last); each forward function below maps them to PyTorch.
"""
import json
import math

import torch
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
STEPS, RATE = 4, 0.1
cases = []


def same(n, k, s, d=1):
    """TensorFlow's padding 'same': before and after."""
    total = max(0, (math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n)
    return total // 2, total - total // 2


def first(x):  # channels last -> first
    return x.movedim(-1, 1)


def last(x):
    return x.movedim(1, -1)


def case(name, layer, config, x_shape, weight_shapes, forward, integers=None, positive=(), state=None):
    x = torch.randint(0, integers, x_shape).double() if integers else torch.randn(x_shape)
    weights = [torch.randn(s) * 0.5 for s in weight_shapes]
    for i in positive:
        weights[i] = weights[i].abs() + 0.5
    start = [w.clone() for w in weights]
    state = [s.clone() for s in state] if state else []
    start_state = [s.clone() for s in state]
    target, losses, first_gradients = None, [], None
    for _ in range(STEPS):
        leaves = [w.detach().requires_grad_(True) for w in weights]
        inputs = x.detach().clone().requires_grad_(integers is None)
        y = forward(inputs, leaves, state) if state else forward(inputs, leaves)
        if target is None:
            target = torch.randn(y.shape)
        loss = ((y - target) ** 2).mean()
        loss.backward()
        losses.append(loss.item())
        if first_gradients is None:
            first_gradients = [w.grad.clone() for w in leaves] + ([inputs.grad.clone()] if integers is None else [])
        weights = [(w - RATE * w.grad).detach() for w in leaves]

    def flat(t):
        return [float('%.9g' % v) for v in t.reshape(-1).tolist()]

    def pack(ts):
        return [{'shape': list(t.shape), 'values': flat(t)} for t in ts]

    cases.append({
        'name': name, 'layer': layer, 'config': config, 'integers': integers is not None,
        'x': pack([x])[0], 'target': pack([target])[0], 'weights': pack(start + start_state),
        'losses': [float('%.9g' % v) for v in losses], 'gradients': pack(first_gradients),
        'finalWeights': pack(weights + state),
    })


case('dense', 'dense', {'units': 3, 'activation': 'tanh'}, (4, 5), [(5, 3), (3,)],
     lambda x, w: torch.tanh(x @ w[0] + w[1]))


def conv(rank, padding, stride, dilation, groups=1):
    op = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[rank]

    def forward(x, w):
        k = w[0].shape[:rank]
        if padding == 'same':
            pads = [same(x.shape[1 + i], k[i], stride, dilation) for i in range(rank)]
            x = F.pad(first(x), [p for pad in reversed(pads) for p in pad])
        else:
            x = first(x)
        kernel = w[0].permute(rank + 1, rank, *range(rank))
        return last(op(x, kernel, w[1] if len(w) > 1 else None, stride=stride, dilation=dilation))
    return forward


case('conv1d', 'conv1d', {'filters': 3, 'kernelSize': 3, 'padding': 'same', 'strides': 2}, (2, 9, 2), [(3, 2, 3), (3,)],
     conv(1, 'same', 2, 1))
case('conv1d with a dilation', 'conv1d', {'filters': 3, 'kernelSize': 3, 'padding': 'same', 'dilationRate': 2},
     (2, 9, 2), [(3, 2, 3), (3,)], conv(1, 'same', 1, 2))
case('conv2d', 'conv2d', {'filters': 4, 'kernelSize': [3, 2], 'padding': 'same'}, (2, 5, 6, 3), [(3, 2, 3, 4), (4,)],
     conv(2, 'same', 1, 1))
case('conv2d with a stride', 'conv2d', {'filters': 3, 'kernelSize': 3, 'padding': 'same', 'strides': 2},
     (2, 6, 7, 2), [(3, 3, 2, 3), (3,)], conv(2, 'same', 2, 1))
case('conv2d with a dilation', 'conv2d', {'filters': 3, 'kernelSize': 3, 'padding': 'valid', 'dilationRate': 2, 'useBias': False},
     (2, 7, 6, 2), [(3, 3, 2, 3)], conv(2, 'valid', 1, 2))
case('conv2d with a dilation, same', 'conv2d', {'filters': 2, 'kernelSize': 3, 'padding': 'same', 'dilationRate': [2, 2], 'activation': 'tanh'},
     (2, 6, 5, 2), [(3, 3, 2, 2), (2,)], lambda x, w: torch.tanh(conv(2, 'same', 1, 2)(x, w)))
case('conv3d', 'conv3d', {'filters': 2, 'kernelSize': 2, 'padding': 'same', 'strides': 2}, (2, 4, 5, 3, 2),
     [(2, 2, 2, 2, 2), (2,)], conv(3, 'same', 2, 1))


def transposed(x, w):
    # Keras's 'valid': (n - 1) * stride + kernel.
    return last(F.conv_transpose2d(first(x), w[0].permute(3, 2, 0, 1), w[1], stride=2))


case('conv2dTranspose', 'conv2dTranspose', {'filters': 3, 'kernelSize': 3, 'strides': 2, 'padding': 'valid'},
     (2, 3, 4, 2), [(3, 3, 3, 2), (3,)], transposed)


def transposed3d(x, w):
    return last(F.conv_transpose3d(first(x), w[0].permute(4, 3, 0, 1, 2), w[1], stride=2))


case('conv3dTranspose', 'conv3dTranspose', {'filters': 2, 'kernelSize': 2, 'strides': 2, 'padding': 'valid'},
     (1, 2, 3, 2, 2), [(2, 2, 2, 2, 2), (2,)], transposed3d)


def depthwise(stride, dilation=1):
    def forward(x, w):
        c, q = w[0].shape[2:]
        pads = [same(x.shape[1 + i], w[0].shape[i], stride, dilation) for i in range(2)]
        padded = F.pad(first(x), [*pads[1], *pads[0]])
        kernel = w[0].permute(2, 3, 0, 1).reshape(c * q, 1, *w[0].shape[:2])
        return last(F.conv2d(padded, kernel, w[1], stride=stride, dilation=dilation, groups=c))
    return forward


case('depthwiseConv2d', 'depthwiseConv2d', {'kernelSize': 3, 'padding': 'same', 'depthMultiplier': 2}, (2, 5, 6, 3),
     [(3, 3, 3, 2), (6,)], depthwise(1))
case('depthwiseConv2d with a stride', 'depthwiseConv2d', {'kernelSize': 3, 'padding': 'same', 'strides': 2}, (2, 6, 7, 3),
     [(3, 3, 3, 1), (3,)], depthwise(2))
case('depthwiseConv2d with a dilation', 'depthwiseConv2d', {'kernelSize': 3, 'padding': 'same', 'dilationRate': [2, 2], 'depthMultiplier': 2},
     (2, 6, 7, 2), [(3, 3, 2, 2), (4,)], depthwise(1, 2))
case('separableConv2d', 'separableConv2d', {'filters': 4, 'kernelSize': 3, 'padding': 'same', 'depthMultiplier': 2},
     (2, 5, 4, 2), [(3, 3, 2, 2), (1, 1, 4, 4), (4,)],
     lambda x, w: depthwise(1)(x, [w[0], None]) @ w[1][0, 0] + w[2])

case('maxPooling2d', 'maxPooling2d', {'poolSize': 2, 'strides': 2}, (2, 5, 6, 3), [],
     lambda x, w: last(F.max_pool2d(first(x), 2)))
case('maxPooling1d', 'maxPooling1d', {'poolSize': 3, 'strides': 2}, (2, 8, 3), [],
     lambda x, w: last(F.max_pool1d(first(x), 3, 2)))
case('maxPooling3d', 'maxPooling3d', {'poolSize': 2, 'strides': 2}, (2, 4, 4, 2, 2), [],
     lambda x, w: last(F.max_pool3d(first(x), 2)))
case('averagePooling2d', 'averagePooling2d', {'poolSize': 3, 'strides': 2}, (2, 7, 5, 2), [],
     lambda x, w: last(F.avg_pool2d(first(x), 3, 2)))
# 7 and 5 at stride 2 and size 3: one element of padding on each side, as PyTorch pads.
case('averagePooling2d, same', 'averagePooling2d', {'poolSize': 3, 'strides': 2, 'padding': 'same'}, (2, 7, 5, 2), [],
     lambda x, w: last(F.avg_pool2d(first(x), 3, 2, padding=1, count_include_pad=False)))
case('averagePooling3d', 'averagePooling3d', {'poolSize': 2, 'strides': 2}, (1, 4, 4, 2, 2), [],
     lambda x, w: last(F.avg_pool3d(first(x), 2)))
case('globalAveragePooling2d', 'globalAveragePooling2d', {}, (2, 5, 4, 3), [], lambda x, w: x.mean((1, 2)))
case('globalMaxPooling2d', 'globalMaxPooling2d', {}, (2, 5, 4, 3), [], lambda x, w: x.amax((1, 2)))

case('embedding', 'embedding', {'inputDim': 7, 'outputDim': 3}, (4, 5), [(7, 3)], lambda x, w: F.embedding(x.long(), w[0]),
     integers=7)


def batch_norm(x, w, state):
    axes = tuple(range(x.dim() - 1))
    mean, variance = x.mean(axes), x.var(axes, unbiased=False)
    with torch.no_grad():
        state[0] = 0.9 * state[0] + 0.1 * mean
        state[1] = 0.9 * state[1] + 0.1 * variance
    return (x - mean) / torch.sqrt(variance + 1e-3) * w[0] + w[1]


case('batchNormalization', 'batchNormalization', {'momentum': 0.9}, (3, 4, 5, 2), [(2,), (2,)], batch_norm,
     state=[torch.zeros(2), torch.ones(2)])
case('layerNormalization', 'layerNormalization', {'epsilon': 1e-3}, (3, 4, 6), [(6,), (6,)],
     lambda x, w: F.layer_norm(x, (6,), w[0], w[1], 1e-3))
case('prelu', 'prelu', {}, (3, 4, 2), [(4, 2)], lambda x, w: torch.where(x > 0, x, w[0] * x))


def simple_rnn(x, w):
    h = torch.zeros(x.shape[0], w[1].shape[0])
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ w[0] + h @ w[1] + w[2])
    return h


def lstm(x, w):  # gates i, f, c, o
    units = w[1].shape[0]
    h = c = torch.zeros(x.shape[0], units)
    out = []
    for t in range(x.shape[1]):
        i, f, g, o = (x[:, t] @ w[0] + h @ w[1] + w[2]).split(units, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        out.append(h)
    return torch.stack(out, 1)


def gru(x, w):  # gates z, r, h; reset before the product
    units = w[1].shape[0]
    h = torch.zeros(x.shape[0], units)
    for t in range(x.shape[1]):
        xz, xr, xh = (x[:, t] @ w[0] + w[2]).split(units, 1)
        uz, ur, uh = w[1].split(units, 1)
        z, r = torch.sigmoid(xz + h @ uz), torch.sigmoid(xr + h @ ur)
        h = z * h + (1 - z) * torch.tanh(xh + (r * h) @ uh)
    return h


case('simpleRNN', 'simpleRNN', {'units': 3}, (2, 4, 2), [(2, 3), (3, 3), (3,)], simple_rnn)
case('lstm', 'lstm', {'units': 3, 'recurrentActivation': 'sigmoid', 'returnSequences': True}, (2, 4, 2),
     [(2, 12), (3, 12), (12,)], lstm)
case('gru', 'gru', {'units': 3, 'recurrentActivation': 'sigmoid'}, (2, 4, 2), [(2, 9), (3, 9), (9,)], gru)

print(json.dumps({'steps': STEPS, 'rate': RATE, 'cases': cases}))
