"""Expected values and gradients of losses, by PyTorch in float64 (its own functions where it has them).

Run: python3 test/oracle/losses.py > test/oracle/losses.json
Each case: the targets, predictions, per-element values and the gradient of their weighted sum to the predictions.
"""
import json
import torch
import torch.nn.functional as F

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
EPS = 1e-7
cases = []


def f32(x):
    """Numbers that float32 holds exactly, so that both sides start from the same ones."""
    return x.to(torch.float32).to(torch.float64)


def case(loss, y, p, compute, options=None, name=None):
    p = f32(p).clone().requires_grad_(True)
    y = f32(y)
    values = compute(y, p)
    weights = f32(torch.linspace(0.5, 1.5, values.numel())).reshape(values.shape)
    (values * weights).sum().backward()
    cases.append(
        dict(
            name=name or loss,
            loss=loss,
            options=options or {},
            yTrue=y.tolist(),
            yPred=p.detach().tolist(),
            values=values.detach().tolist(),
            weights=weights.tolist(),
            gradient=p.grad.tolist(),
        )
    )


y = torch.randn(4, 3)
p = torch.randn(4, 3)
mean = lambda x: x.mean(-1)
case('meanSquaredError', y, p, lambda y, p: mean(F.mse_loss(p, y, reduction='none')))
case('meanSquaredError', torch.randn(2, 3, 2), torch.randn(2, 3, 2), lambda y, p: mean(F.mse_loss(p, y, reduction='none')), name='meanSquaredError over time')
case('meanAbsoluteError', y, p, lambda y, p: mean(F.l1_loss(p, y, reduction='none')))
case('meanAbsolutePercentageError', y, p, lambda y, p: mean(100 * ((y - p) / y.abs().clamp(min=EPS)).abs()))
case('meanSquaredLogarithmicError', y.abs(), p + 1, lambda y, p: mean((torch.log1p(y.clamp(min=EPS)) - torch.log1p(p.clamp(min=EPS))) ** 2))
for delta in (1.0, 0.5):
    case('huber', y, p * 2, lambda y, p: mean(F.huber_loss(p, y, reduction='none', delta=delta)), {'delta': delta}, f'huber {delta}')
case('logcosh', y, p * 4, lambda y, p: mean(torch.log(torch.cosh(p - y))))

sign = torch.tensor([[1.0, -1, 1], [-1, -1, 1], [1, 1, 1], [-1, 1, -1]])
case('hinge', sign, p, lambda y, p: mean((1 - y * p).clamp(min=0)))
case('squaredHinge', sign, p, lambda y, p: mean((1 - y * p).clamp(min=0) ** 2))
case('hinge', (sign + 1) / 2, p, lambda y, p: mean((1 - (2 * y - 1) * p).clamp(min=0)), name='hinge of targets 0 and 1')
# PyTorch's multi_margin_loss sums over the classes; the largest alone is this loss.
onehot = F.one_hot(torch.tensor([2, 0, 1, 1]), 3).double()
case('categoricalHinge', onehot, p, lambda y, p: (1 + ((1 - y) * p).max(-1)[0] - (y * p).sum(-1)).clamp(min=0))

soft = F.softmax(torch.randn(4, 3), -1)
probabilities = F.softmax(p * 2, -1)
labels = lambda y: y.argmax(-1)
case('categoricalCrossentropy', onehot, probabilities, lambda y, p: F.nll_loss(torch.log(p / p.sum(-1, keepdim=True)), labels(y), reduction='none'))
case('categoricalCrossentropy', soft, p, lambda y, p: F.cross_entropy(p, y, reduction='none'), {'fromLogits': True}, 'categoricalCrossentropy of soft targets from logits')
case('categoricalCrossentropy', onehot, p * 30, lambda y, p: F.cross_entropy(p, y, reduction='none', label_smoothing=0.1), {'fromLogits': True, 'labelSmoothing': 0.1}, 'categoricalCrossentropy smoothed from large logits')
case('categoricalCrossentropy', onehot, torch.rand(4, 3) + 0.1, lambda y, p: -(y * torch.log(p / p.sum(-1, keepdim=True))).sum(-1), name='categoricalCrossentropy of scores that do not sum to 1')
index = torch.tensor([2.0, 0, 1, 1])
case('sparseCategoricalCrossentropy', index, probabilities, lambda y, p: F.nll_loss(torch.log(p / p.sum(-1, keepdim=True)), y.long(), reduction='none'))
case('sparseCategoricalCrossentropy', index, p * 40, lambda y, p: F.cross_entropy(p, y.long(), reduction='none'), {'fromLogits': True}, 'sparseCategoricalCrossentropy from large logits')
case('sparseCategoricalCrossentropy', index.reshape(4, 1), p, lambda y, p: F.cross_entropy(p, y[:, 0].long(), reduction='none', label_smoothing=0.2), {'fromLogits': True, 'labelSmoothing': 0.2}, 'sparseCategoricalCrossentropy of labels [batch, 1], smoothed')
case('sparseCategoricalCrossentropy', torch.tensor([[0.0, 1, 4], [3, 2, 0]]), torch.randn(2, 3, 5), lambda y, p: F.cross_entropy(p.transpose(1, 2), y.long(), reduction='none'), {'fromLogits': True}, 'sparseCategoricalCrossentropy over time')

yes = torch.tensor([[1.0, 0, 0.3], [0, 0, 1], [1, 1, 1], [0.7, 1, 0]])
odds = torch.sigmoid(p)
case('binaryCrossentropy', yes, odds, lambda y, p: mean(F.binary_cross_entropy(p, y, reduction='none')))
case('binaryCrossentropy', yes[:, :1], odds[:, :1], lambda y, p: mean(F.binary_cross_entropy(p, y * 0.8 + 0.1, reduction='none')), {'labelSmoothing': 0.2}, 'binaryCrossentropy of one unit, smoothed')
case('binaryCrossentropy', yes, p * 50, lambda y, p: mean(F.binary_cross_entropy_with_logits(p, y, reduction='none')), {'fromLogits': True}, 'binaryCrossentropy from large logits')


def binary_focal(y, p, gamma, alpha=None):
    right = y * p + (1 - y) * (1 - p)
    values = (1 - right) ** gamma * F.binary_cross_entropy(p, y, reduction='none')
    return mean(values if alpha is None else values * (y * alpha + (1 - y) * (1 - alpha)))


def categorical_focal(y, p, gamma, alpha):
    p = p / p.sum(-1, keepdim=True)
    return -(alpha * (1 - p) ** gamma * y * torch.log(p)).sum(-1)


hard = (yes > 0.5).double()
case('binaryFocalCrossentropy', hard, odds, lambda y, p: binary_focal(y, p, 2))
case('binaryFocalCrossentropy', yes, odds, lambda y, p: binary_focal(y, p, 3, 0.4), {'gamma': 3, 'alpha': 0.4, 'applyClassBalancing': True}, 'binaryFocalCrossentropy balanced')
case('binaryFocalCrossentropy', hard, p, lambda y, p: binary_focal(y, torch.sigmoid(p), 2), {'fromLogits': True}, 'binaryFocalCrossentropy from logits')
case('categoricalFocalCrossentropy', onehot, probabilities, lambda y, p: categorical_focal(y, p, 2, 0.25))
case('categoricalFocalCrossentropy', onehot, p, lambda y, p: categorical_focal(y, F.softmax(p, -1), 1.5, torch.tensor([0.2, 0.5, 1.0])), {'gamma': 1.5, 'alpha': [0.2, 0.5, 1.0], 'fromLogits': True}, 'categoricalFocalCrossentropy with one alpha a class, from logits')

case('kullbackLeiblerDivergence', soft, probabilities, lambda y, p: F.kl_div(torch.log(p), y, reduction='none').sum(-1))
case('poisson', torch.tensor([[2.0, 0, 5], [1, 1, 0], [3, 2, 7], [0, 0, 1]]), p.exp(), lambda y, p: mean(F.poisson_nll_loss(p, y, log_input=False, eps=EPS, reduction='none')))
case('cosineSimilarity', y, p, lambda y, p: -F.cosine_similarity(y, p, dim=-1))


def batch_hard(y, p, margin, power):
    """Picks the triplets in a loop, and lets PyTorch's own loss judge them."""
    values = []
    for a in range(len(p)):
        distance = ((p - p[a]) ** 2).sum(-1).detach()
        peers = [i for i in range(len(p)) if y[i] == y[a] and i != a]
        others = [i for i in range(len(p)) if y[i] != y[a]]
        if not peers or not others:
            values.append(p[a].sum() * 0)
            continue
        far = max(peers, key=lambda i: distance[i])
        near = min(others, key=lambda i: distance[i])
        if power == 1:
            values.append(F.triplet_margin_loss(p[a : a + 1], p[far : far + 1], p[near : near + 1], margin=margin, eps=0))
        else:
            values.append((((p[a] - p[far]) ** 2).sum() - ((p[a] - p[near]) ** 2).sum() + margin).clamp(min=0))
    return torch.stack(values)


classes = torch.tensor([0.0, 1, 0, 2, 1, 0])
vectors = torch.randn(6, 4)
case('tripletLoss', classes, vectors, lambda y, p: batch_hard(y, p, 1.0, 1))
case('tripletLoss', classes, vectors, lambda y, p: batch_hard(y, p, 0.5, 2), {'margin': 0.5, 'squared': True}, 'tripletLoss of squared distances')
case('contrastiveLoss', hard[:, :1], p[:, :1].abs(), lambda y, p: mean(y * p**2 + (1 - y) * (1.2 - p).clamp(min=0) ** 2), {'margin': 1.2})

lines = ',\n'.join(json.dumps(c) for c in cases)
print('{"madeBy": "test/oracle/losses.py", "torch": "%s", "cases": [\n%s\n]}' % (torch.__version__, lines))
