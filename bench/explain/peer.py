"""Captum's and shap's times for the cases of cases.ts, on the networks that it is told.

Needs PyTorch (Debian: python3-torch), and captum and shap where Python finds them (PYTHONPATH); says which it has.
Reads a JSON line a request, answers with a JSON line:
    {"networks": {...}, "threads": 1}  ->  {"versions": {"torch": ..., "captum": ..., "shap": ...}}
    {"case": name, "times": n}         ->  {"ms": [...], "values": [...]} or {"failure": reason}
"""
import importlib
import json
import sys
import time

import numpy as np
import torch
import torch.nn as nn


class Flatten(nn.Module):
    """In the order of channels-last images."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def tensor_of(plain, image):
    value = torch.tensor(plain["values"], dtype=torch.float32).reshape(plain["shape"])
    return value.permute(0, 3, 1, 2).contiguous() if image else value


class Network:
    def __init__(self, data):
        self.image = len(data["inputShape"]) == 3
        weights = iter(data["weights"])
        size, modules = data["inputShape"][-1], []
        for spec in data["layers"]:
            module, size = self.layer(spec, size, weights)
            modules.append(module)
        self.probs = nn.Sequential(*modules).eval()
        self.logits = nn.Sequential(*modules[:-1]).eval()
        self.example = tensor_of(data["example"], self.image)
        self.background = tensor_of(data["background"], self.image)
        with torch.no_grad():
            self.target = int(self.probs(self.example).argmax(1)[0])

    @staticmethod
    def layer(spec, size, weights):
        kind = spec["type"]
        if kind not in ("dense", "conv"):
            plain = {"relu": nn.ReLU, "pool": lambda: nn.MaxPool2d(2), "flatten": Flatten, "softmax": lambda: nn.Softmax(1)}
            return plain[kind](), size
        kernel, bias = (np.array(w["values"], np.float32).reshape(w["shape"]) for w in (next(weights), next(weights)))
        if kind == "dense":
            module, kernel = nn.Linear(*kernel.shape), kernel.T
        else:
            padding = 1 if spec["padding"] == "same" else 0
            module, kernel = nn.Conv2d(*kernel.shape[2:], 3, padding=padding), kernel.transpose(3, 2, 0, 1)
        with torch.no_grad():
            module.weight.copy_(torch.tensor(kernel.copy()))
            module.bias.copy_(torch.tensor(bias))
        return module, bias.shape[0]

    def score(self, rows):
        """Of rows in numpy, as shap asks."""
        with torch.no_grad():
            return self.probs(torch.tensor(np.asarray(rows), dtype=torch.float32)).numpy()[:, self.target]


def captum_attr():
    return importlib.import_module("captum.attr")


def shap_module():
    return importlib.import_module("shap")


def kernel_shap(n):
    explainer = shap_module().KernelExplainer(n.score, n.background.numpy())
    return lambda: explainer.shap_values(n.example.numpy(), nsamples=2048, l1_reg=False, silent=True)


def exact_shapley(n):
    shap = shap_module()
    masker = shap.maskers.Independent(n.background.numpy(), max_samples=100)
    explainer = shap.ExactExplainer(n.score, masker)
    return lambda: explainer(n.example.numpy()).values


def partition_shap(n):
    shap = shap_module()
    masker = shap.maskers.Partition(n.background.numpy(), max_samples=100, clustering="correlation")
    explainer = shap.PartitionExplainer(n.score, masker)
    return lambda: explainer(n.example.numpy(), max_evals=500, silent=True).values


def gradient(make):
    def case(n):
        attribute = make(captum_attr(), n)
        return lambda: attribute(n.example.clone(), target=n.target)

    return case


def noise_tunnel(captum, n):
    tunnel = captum.NoiseTunnel(captum.Saliency(n.logits))
    return lambda x, target: tunnel.attribute(
        x, nt_type="smoothgrad", nt_samples=50, nt_samples_batch_size=50, stdevs=0.1, abs=False, target=target
    )


def grad_cam(captum, n):
    convolution = [module for module in n.logits if isinstance(module, nn.Conv2d)][-1]
    explainer = captum.LayerGradCam(n.logits, convolution)
    return lambda x, target: explainer.attribute(x, target=target, relu_attributions=True)


CASES = {
    "kernelShap": ("mlp", kernel_shap),
    "exactShapley": ("small", exact_shapley),
    "partitionShap": ("mlp", partition_shap),
    "integratedGradients": ("cnn", gradient(lambda c, n: lambda x, target: c.IntegratedGradients(n.logits).attribute(x, target=target, n_steps=50))),
    "saliency": ("cnn", gradient(lambda c, n: c.Saliency(n.logits).attribute)),
    "smoothGrad": ("cnn", gradient(noise_tunnel)),
    "gradientShap": ("cnn", gradient(lambda c, n: lambda x, target: c.GradientShap(n.logits).attribute(x, n.background, n_samples=200, target=target))),
    "deepShap": ("mlp", gradient(lambda c, n: lambda x, target: c.DeepLiftShap(n.logits).attribute(x, n.background, target=target))),
    "gradCam": ("cnn", gradient(grad_cam)),
    "occlusion": ("cnn", gradient(lambda c, n: lambda x, target: c.Occlusion(n.probs).attribute(x, (3, 3, 3), target=target, perturbations_per_eval=196))),
    "featureAblation": ("mlp", gradient(lambda c, n: lambda x, target: c.FeatureAblation(n.probs).attribute(x, target=target, perturbations_per_eval=30))),
}


def versions():
    found = {"torch": torch.__version__}
    for name in ("captum", "shap"):
        try:
            found[name] = getattr(importlib.import_module(name), "__version__", "?")
        except ImportError as error:
            print(f"{name}: {error}", file=sys.stderr)
    return found


def main():
    networks, ready = {}, {}

    def answer(request):
        if "networks" in request:
            torch.set_num_threads(request["threads"])
            networks.update({name: Network(data) for name, data in request["networks"].items()})
            return {"versions": versions()}
        name = request["case"]
        network, make = CASES[name]
        if name not in ready:
            ready[name] = make(networks[network])
        times, values = [], None
        for _ in range(request["times"]):
            begun = time.perf_counter()
            values = ready[name]()
            times.append(1000 * (time.perf_counter() - begun))
        values = values.detach() if torch.is_tensor(values) else torch.tensor(np.asarray(values))
        if values.ndim == 4:
            values = values.permute(0, 2, 3, 1)
        return {"ms": times, "values": values.flatten().tolist()}

    out = sys.stdout
    sys.stdout = sys.stderr  # what the libraries print is not an answer
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:  # pylint: disable=broad-except
            reply = {"failure": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=out, flush=True)


main()
