"""Values and gradients of operations that tfjs 4.22 computes wrong, by PyTorch in float64.

Each case: inputs (flat, with shapes), the output, and the gradients of sum(output * weights) for every input.
Run: python3 test/oracle/backend.py > test/oracle/backend.json
"""
import json

import torch
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
cases = {}


def case(name, f, *inputs):
    inputs = [x.to(torch.float32).to(torch.float64).requires_grad_() for x in inputs]
    output = f(*inputs)
    weights = torch.randn(output.shape).to(torch.float32).to(torch.float64)
    gradients = torch.autograd.grad((output * weights).sum(), inputs)
    flat = lambda t: {"shape": list(t.shape), "values": [round(v, 9) for v in t.detach().flatten().tolist()]}
    cases[name] = {
        "inputs": [flat(x) for x in inputs],
        "weights": flat(weights),
        "output": flat(output),
        "gradients": [flat(g) for g in gradients],
    }


def last(f):
    """f on channels-first, for tensors with the channels last."""
    return lambda x, *rest: f(x.movedim(-1, 1), *rest).movedim(1, -1)


negative = lambda *shape: -torch.rand(*shape) - 0.5
conv3d = lambda stride: last(lambda x, w: F.conv3d(x, w.permute(4, 3, 0, 1, 2), stride=stride))
case("conv3d", conv3d(1), torch.randn(2, 4, 5, 4, 2), torch.randn(2, 3, 2, 2, 3))
case("conv3d, stride 2", conv3d(2), torch.randn(2, 5, 5, 4, 2), torch.randn(2, 3, 2, 2, 3))
case("conv3dTranspose, stride 2", last(lambda x, w: F.conv_transpose3d(x, w.permute(4, 3, 0, 1, 2), stride=2)),
     torch.randn(1, 2, 3, 2, 3), torch.randn(2, 2, 2, 2, 3))
case("maxPool3d of negative numbers", last(lambda x: F.max_pool3d(x, 2, 2)), negative(2, 4, 4, 4, 2))
case("maxPool3d, window 2x3x2", last(lambda x: F.max_pool3d(x, (2, 3, 2), 1)), torch.randn(1, 4, 5, 4, 2))
case("avgPool3d, padded", last(lambda x: F.avg_pool3d(x, 3, 1, padding=1, count_include_pad=False)),
     torch.randn(1, 3, 4, 3, 2))
case("avgPool, padded", last(lambda x: F.avg_pool2d(x, 3, 1, padding=1, count_include_pad=False)),
     torch.randn(2, 4, 5, 2))
case("resizeNearestNeighbor", last(lambda x: F.interpolate(x, (4, 6), mode="nearest")), torch.randn(3, 2, 3, 2))
case("resizeNearestNeighbor, half-pixel centers", last(lambda x: F.interpolate(x, (5, 3), mode="nearest-exact")),
     torch.randn(2, 3, 4, 2))
case("resizeBilinear, half-pixel centers", last(lambda x: F.interpolate(x, (5, 7), mode="bilinear")),
     torch.randn(2, 3, 4, 2))
case("resizeBilinear, corners aligned", last(lambda x: F.interpolate(x, (5, 7), mode="bilinear", align_corners=True)),
     torch.randn(2, 3, 4, 2))
case("mirrorPad, reflect", lambda x: F.pad(x[None, None], (2, 1, 1, 2), mode="reflect")[0, 0], torch.randn(3, 4))
case("einsum bthd,bshd->bhts", lambda a, b: torch.einsum("bthd,bshd->bhts", a, b),
     torch.randn(2, 3, 2, 4), torch.randn(2, 5, 2, 4))
case("einsum ij,j->", lambda a, b: torch.einsum("ij,j->", a, b), torch.randn(2, 3), torch.randn(3))
case("einsum bijk,jl->lb", lambda a, b: torch.einsum("bijk,jl->lb", a, b), torch.randn(2, 2, 3, 2), torch.randn(3, 2))
case("cumprod with a zero", lambda x: torch.cumprod(x, 1), torch.tensor([[1.5, 0.0, 2.0, -0.5], [0.0, 3.0, 0.0, 1.0]]))
case("cumsum along the first axis", lambda x: torch.cumsum(x, 0), torch.randn(4, 3))
case("topk", lambda x: torch.topk(x, 2).values, torch.randn(3, 5))
case("maximum, broadcast", torch.maximum, torch.randn(3, 4), torch.randn(4))
case("matMul, one batch for all", torch.matmul, torch.randn(3, 2, 4), torch.randn(1, 4, 2))
indices = torch.tensor([[2, 1], [0, 0], [2, 1]])
case("gatherND", lambda x: x[indices[:, 0], indices[:, 1]], torch.randn(3, 2, 2))
case("stridedSlice", lambda x: x[1, 0:4:2, :], torch.randn(3, 4, 2))


def dilation2d(x, w):
    patches = F.unfold(x.permute(0, 3, 1, 2), (2, 2))
    batch, height, width, channels = x.shape
    patches = patches.reshape(batch, channels, 4, height - 1, width - 1)
    sums = patches + w.permute(2, 0, 1).reshape(1, channels, 4, 1, 1)
    return sums.amax(2).permute(0, 2, 3, 1)


case("dilation2d of negative numbers", dilation2d, negative(2, 4, 4, 2), negative(2, 2, 2) / 10)
print(json.dumps(cases, separators=(",", ":")))
