"""Reference values for test/optimizers and test/schedules: writes optimizers.json beside itself.

    python3 test/oracle/optimizers.py

Optimizers: 50 updates of a matrix, a vector and a kernel of three axes on a small non-convex problem (least
squares through a tanh, and a sine) with noisy gradients, in float64 with NumPy, from the formulas that Keras 3
publishes in its documentation. Where PyTorch defines the same rule, the same trajectory computed by torch.optim
must agree to 1e-9, or the script fails; where the two differ by the place of epsilon alone, they are compared
with epsilon all but 0. Gradients are checked against torch's autograd.

Schedules: PyTorch's own schedulers where they exist, else the published formulas.
"""
import json
import math
import pathlib

import numpy as np
import torch

STEPS = 50
rng = np.random.default_rng(21)
NAMES = ['dense/kernel', 'dense/bias', 'conv/kernel']
X = rng.normal(size=(6, 3)).round(3)
Y = rng.normal(size=(6, 2)).round(3)
START = [rng.normal(size=(3, 2)).round(3), rng.normal(size=(2,)).round(3), rng.normal(size=(2, 2, 2)).round(3)]
NOISE = [[rng.normal(scale=0.1, size=w.shape).round(4) for w in START] for _ in range(STEPS)]


def gradients(weights, t):
    kernel, bias, conv = weights
    out = np.tanh(X @ kernel + bias)
    dz = 2 * (out - Y) / out.size * (1 - out**2)
    exact = [X.T @ dz, dz.sum(axis=0), np.cos(conv)]
    return [g + n for g, n in zip(exact, NOISE[t])]


def torch_loss(weights, t):
    kernel, bias, conv = weights
    out = torch.tanh(torch.tensor(X) @ kernel + bias)
    loss = ((out - torch.tensor(Y)) ** 2).mean() + torch.sin(conv).sum()
    return loss + sum((w * torch.tensor(n)).sum() for w, n in zip(weights, NOISE[t]))


# ---- rules: (state of one weight, weight, gradient, rate, updates done before, options) -> new weight ----

def at(value, t):
    return value['values'][t] if isinstance(value, dict) else value


def zeros(s, name, like):
    return s.setdefault(name, np.zeros_like(like))


def sgd(s, w, g, lr, t, momentum=0, nesterov=False):
    if momentum == 0:
        return w - lr * g
    mu = at(momentum, t)
    s['m'] = mu * zeros(s, 'm', w) - lr * g
    return w + mu * s['m'] - lr * g if nesterov else w + s['m']


def moments(s, g, t, beta1, beta2):
    b1 = at(beta1, t)
    s['m'] = b1 * zeros(s, 'm', g) + (1 - b1) * g
    s['v'] = beta2 * zeros(s, 'v', g) + (1 - beta2) * g**2
    s['p1'] = s.get('p1', 1.0) * b1
    return s['m'], s['v'], 1 - s['p1'], 1 - beta2 ** (t + 1)


def adam(s, w, g, lr, t, beta1=0.9, beta2=0.999, epsilon=1e-7, amsgrad=False):
    m, v, c1, c2 = moments(s, g, t, beta1, beta2)
    if amsgrad:
        v = s['vmax'] = np.maximum(zeros(s, 'vmax', w), v)
    return w - m * (lr * math.sqrt(c2) / c1) / (np.sqrt(v) + epsilon)


def nadam(s, w, g, lr, t, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m, v, _, c2 = moments(s, g, t, beta1, beta2)
    u = at(beta1, t) * (1 - 0.5 * 0.96 ** (t + 1))
    u_next = at(beta1, min(t + 1, STEPS - 1)) * (1 - 0.5 * 0.96 ** (t + 2))
    s['u'] = s.get('u', 1.0) * u
    m_hat = u_next * m / (1 - s['u'] * u_next) + (1 - u) * g / (1 - s['u'])
    return w - lr * m_hat / (np.sqrt(v / c2) + epsilon)


def adamax(s, w, g, lr, t, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m, _, c1, _ = moments(s, g, t, beta1, beta2)
    s['n'] = np.maximum(beta2 * zeros(s, 'n', w), np.abs(g))
    return w - lr * m / (c1 * (s['n'] + epsilon))


def rmsprop(s, w, g, lr, t, rho=0.9, momentum=0, epsilon=1e-7, centered=False):
    s['v'] = rho * zeros(s, 'v', w) + (1 - rho) * g**2
    variance = s['v']
    if centered:
        s['a'] = rho * zeros(s, 'a', w) + (1 - rho) * g
        variance = variance - s['a'] ** 2
    step = lr * g / np.sqrt(variance + epsilon)
    if momentum == 0:
        return w - step
    s['p'] = at(momentum, t) * zeros(s, 'p', w) + step
    return w - s['p']


def adagrad(s, w, g, lr, t, initialAccumulator=0.1, epsilon=1e-7):
    s['a'] = s.get('a', np.full_like(w, initialAccumulator)) + g**2
    return w - lr * g / np.sqrt(s['a'] + epsilon)


def adadelta(s, w, g, lr, t, rho=0.95, epsilon=1e-7):
    s['g'] = rho * zeros(s, 'g', w) + (1 - rho) * g**2
    step = np.sqrt(zeros(s, 'd', w) + epsilon) / np.sqrt(s['g'] + epsilon) * g
    s['d'] = rho * s['d'] + (1 - rho) * step**2
    return w - lr * step


LION_MARGIN = [math.inf]


def lion(s, w, g, lr, t, beta1=0.9, beta2=0.99):
    b1 = at(beta1, t)
    direction = zeros(s, 'm', w) * b1 + g * (1 - b1)
    LION_MARGIN[0] = min(LION_MARGIN[0], np.abs(direction).min())
    s['m'] = s['m'] * beta2 + g * (1 - beta2)
    return w - lr * np.sign(direction)


def lamb(s, w, g, lr, t, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m, v, c1, c2 = moments(s, g, t, beta1, beta2)
    step = (m / c1) / (np.sqrt(v / c2) + epsilon)
    w_norm, s_norm = np.linalg.norm(w), np.linalg.norm(step)
    ratio = w_norm / s_norm if w_norm > 0 and s_norm > 0 else 1.0
    return w - ratio * lr * step


def adafactor(s, w, g, lr, t, beta2Decay=-0.8, epsilon1=1e-30, epsilon2=1e-3, clipThreshold=1, relativeStep=True):
    n = t + 1
    rate = min(lr, 1 / math.sqrt(n)) if relativeStep else lr
    alpha = max(epsilon2, math.sqrt(np.mean(w**2))) * rate
    b2 = 1 - n**beta2Decay
    square = g**2 + epsilon1
    if w.ndim >= 2:
        s['r'] = b2 * s.get('r', 0) + (1 - b2) * square.mean(axis=-1)
        s['c'] = b2 * s.get('c', 0) + (1 - b2) * square.mean(axis=-2)
        v = (s['r'] / s['r'].mean(axis=-1, keepdims=True))[..., None] * s['c'][..., None, :]
    else:
        v = s['v'] = b2 * zeros(s, 'v', w) + (1 - b2) * square
    u = g / np.sqrt(v)
    return w - alpha * u / max(1, math.sqrt(np.mean(u**2)) / clipThreshold)


RULES = dict(SGD=sgd, Adam=adam, AdamW=adam, Nadam=nadam, Adamax=adamax, RMSprop=rmsprop, Adagrad=adagrad,
             Adadelta=adadelta, Lion=lion, LAMB=lamb, Adafactor=adafactor)


def clip(grads, how):
    kind, limit = how
    if kind == 'globalNorm':
        norm = math.sqrt(sum(np.sum(g**2) for g in grads))
        return [g * limit / max(norm, limit) for g in grads]
    if kind == 'norm':
        return [g * limit / max(np.linalg.norm(g), limit) for g in grads]
    return [np.clip(g, -limit, limit) for g in grads]


def run(optimizer, options, how=None):
    """The weights after each of the updates."""
    options = dict(options)
    rate = options.pop('learningRate')
    decay = options.pop('weightDecay', 0.004 if optimizer == 'AdamW' else 0)
    excluded = options.pop('excludeFromWeightDecay', [])
    weights, slots, trajectory = [w.copy() for w in START], [{} for _ in START], []
    for t in range(STEPS):
        grads = gradients(weights, t)
        if how:
            grads = clip(grads, how)
        lr = at(rate, t)
        for i, g in enumerate(grads):
            if not any(pattern in NAMES[i] for pattern in excluded):
                weights[i] = weights[i] - weights[i] * decay * lr
            weights[i] = RULES[optimizer](slots[i], weights[i], g, lr, t, **options)
        trajectory.append([w.copy() for w in weights])
    return trajectory


def torch_run(make, scheduler=None):
    weights = [torch.tensor(w, requires_grad=True) for w in START]
    optimizer = make(weights)
    schedule = scheduler(optimizer) if scheduler else None
    trajectory = []
    for t in range(STEPS):
        optimizer.zero_grad()
        torch_loss(weights, t).backward()
        optimizer.step()
        if schedule:
            schedule.step()
        trajectory.append([w.detach().numpy().copy() for w in weights])
    return trajectory


def agree(ours, theirs, what, tolerance=1e-9):
    worst = max(np.abs(a - b).max() for x, y in zip(ours, theirs) for a, b in zip(x, y))
    assert worst < tolerance, f'{what}: NumPy and PyTorch differ by {worst}'
    print(f'{what}: agrees with PyTorch to {worst:.1e}')


# ---- schedules ----

def half_cosine(start, end, position):
    return end + (start - end) * (1 + math.cos(math.pi * position)) / 2


def one_cycle(peak, steps, count):
    position = min(count / steps, 1)
    if position < 0.25:
        return half_cosine(peak / 25, peak, position / 0.25)
    return half_cosine(peak, peak / 1e5, (position - 0.25) / 0.75)


def one_cycle_momentum(steps, count):
    position = min(count / steps, 1)
    if position < 0.25:
        return half_cosine(0.95, 0.85, position / 0.25)
    return half_cosine(0.85, 0.95, (position - 0.25) / 0.75)


def torch_rates(make, count, rate=1.0):
    """The rates that a PyTorch scheduler gives for updates 0 … count − 1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate, momentum=0.9)
    scheduler = make(optimizer)
    rates, momenta = [], []
    for _ in range(count):
        rates.append(optimizer.param_groups[0]['lr'])
        momenta.append(optimizer.param_groups[0]['momentum'])
        optimizer.step()
        scheduler.step()
    return rates, momenta


def schedules():
    s = torch.optim.lr_scheduler
    # Torch's cycle ends one update before its last: over 101 updates, with its turn at 25, it is ours over 100.
    cycle, momentum = torch_rates(lambda o: s.OneCycleLR(
        o, max_lr=0.3, total_steps=101, pct_start=26 / 101, div_factor=25, final_div_factor=4000,
        base_momentum=0.85, max_momentum=0.95), 101)
    for count in range(101):
        assert abs(cycle[count] - one_cycle(0.3, 100, count)) < 1e-12, count
        assert abs(momentum[count] - one_cycle_momentum(100, count)) < 1e-12, count
    restarts = {}
    for multiplier in (1, 2):
        restarts[multiplier], _ = torch_rates(lambda o: s.CosineAnnealingWarmRestarts(
            o, T_0=10, T_mult=multiplier, eta_min=0.1), 75)
    return {
        'oneCycle': cycle,
        'oneCycleMomentum': momentum,
        'cosine': torch_rates(lambda o: s.CosineAnnealingLR(o, T_max=40, eta_min=0.1), 41)[0],
        'cosineRestarts1': restarts[1],
        'cosineRestarts2': restarts[2],
        'stepDecay': torch_rates(lambda o: s.StepLR(o, step_size=7, gamma=0.3), 40)[0],
        'exponential': torch_rates(lambda o: s.ExponentialLR(o, gamma=0.9), 40)[0],
        'linear': torch_rates(lambda o: s.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=20), 40)[0],
        'warmupThenExponential': torch_rates(lambda o: s.SequentialLR(o, [
            s.LinearLR(o, start_factor=0.1, end_factor=1.0, total_iters=10),
            s.ExponentialLR(o, gamma=0.9)], milestones=[10]), 40)[0],
        # Keras: decayed = (initial − end)·(1 − min(step, steps)/steps)^power + end.
        'polynomial': [(0.8 - 0.05) * (1 - min(t, 20) / 20) ** 2 + 0.05 for t in range(40)],
        # The same with steps multiplied by ceil(step/steps), 1 at least.
        'polynomialCycle': [(0.8 - 0.05) * (1 - t / (20 * max(1, math.ceil(t / 20)))) ** 2 + 0.05 for t in range(70)],
        'inverseTime': [0.5 / (1 + 0.4 * t / 8) for t in range(40)],
        'inverseTimeStaircase': [0.5 / (1 + 0.4 * (t // 8)) for t in range(40)],
        # Keras: linear from 0.1 to 0.9 over 5, then (1 − alpha)·half cosine + alpha of 0.9 over 20.
        'cosineWarmup': [0.1 + 0.8 * t / 5 if t < 5 else 0.9 * (0.8 * half_cosine(1, 0, min((t - 5) / 20, 1)) + 0.2)
                         for t in range(40)],
    }


def main():
    weights = [torch.tensor(w, requires_grad=True) for w in START]
    torch_loss(weights, 0).backward()
    for ours, w in zip(gradients(START, 0), weights):
        assert np.abs(ours - w.grad.numpy()).max() < 1e-12

    o, tiny = torch.optim, 1e-30
    agree(run('SGD', dict(learningRate=0.05)), torch_run(lambda w: o.SGD(w, lr=0.05)), 'SGD')
    for nesterov in (False, True):
        agree(run('SGD', dict(learningRate=0.05, momentum=0.9, nesterov=nesterov)),
              torch_run(lambda w: o.SGD(w, lr=0.05, momentum=0.9, nesterov=nesterov)), f'SGD nesterov={nesterov}')
    for amsgrad in (False, True):
        agree(run('Adam', dict(learningRate=0.05, amsgrad=amsgrad, epsilon=tiny)),
              torch_run(lambda w: o.Adam(w, lr=0.05, amsgrad=amsgrad, eps=tiny)), f'Adam amsgrad={amsgrad}')
    agree(run('AdamW', dict(learningRate=0.05, weightDecay=0.1, epsilon=tiny)),
          torch_run(lambda w: o.AdamW(w, lr=0.05, weight_decay=0.1, eps=tiny)), 'AdamW')
    # Torch keeps the product of momenta in float32, hence the wider tolerance. Its `foreach` form is meant: the
    # other one multiplies one momentum in twice (torch 1.13, corrected later).
    agree(run('Nadam', dict(learningRate=0.05)),
          torch_run(lambda w: o.NAdam(w, lr=0.05, momentum_decay=1, eps=1e-7, foreach=True)), 'Nadam', 1e-6)
    agree(run('Adamax', dict(learningRate=0.05, epsilon=tiny)),
          torch_run(lambda w: o.Adamax(w, lr=0.05, eps=tiny)), 'Adamax')
    for momentum in (0, 0.9):
        for centered in (False, True):
            agree(run('RMSprop', dict(learningRate=0.01, momentum=momentum, centered=centered, epsilon=tiny)),
                  torch_run(lambda w: o.RMSprop(w, lr=0.01, alpha=0.9, momentum=momentum, centered=centered, eps=tiny)),
                  f'RMSprop momentum={momentum} centered={centered}')
    agree(run('Adagrad', dict(learningRate=0.1, epsilon=tiny)),
          torch_run(lambda w: o.Adagrad(w, lr=0.1, initial_accumulator_value=0.1, eps=tiny)), 'Adagrad')
    agree(run('Adadelta', dict(learningRate=1.0)),
          torch_run(lambda w: o.Adadelta(w, lr=1.0, rho=0.95, eps=1e-7)), 'Adadelta')

    cycle = {'values': [one_cycle(0.1, STEPS, t) for t in range(STEPS + 1)]}
    momentum = {'values': [one_cycle_momentum(STEPS, t) for t in range(STEPS + 1)]}
    decay = dict(weightDecay=0.1, excludeFromWeightDecay=['bias'])
    cases = [
        ('SGD', dict(learningRate=0.05), None),
        ('SGD', dict(learningRate=0.05, momentum=0.9), None),
        ('SGD', dict(learningRate=0.05, momentum=0.9, nesterov=True), None),
        ('SGD', dict(learningRate=cycle, momentum=momentum), None),
        ('SGD', dict(learningRate=0.05, momentum=0.9, **decay), None),
        ('SGD', dict(learningRate=0.05, momentum=0.9), ['globalNorm', 1.0]),
        ('SGD', dict(learningRate=0.05, momentum=0.9), ['norm', 0.5]),
        ('SGD', dict(learningRate=0.05, momentum=0.9), ['value', 0.2]),
        ('Adam', dict(learningRate=0.05), None),
        ('Adam', dict(learningRate=0.05, beta1=0.8, beta2=0.95, epsilon=1e-3), None),
        ('Adam', dict(learningRate=0.05, beta2=0.9, amsgrad=True), None),
        ('Adam', dict(learningRate=cycle, beta1=momentum), None),
        ('Adam', dict(learningRate=0.05, **decay), None),
        ('Adam', dict(learningRate=0.05), ['globalNorm', 1.0]),
        ('AdamW', dict(learningRate=0.05), None),
        ('AdamW', dict(learningRate=cycle, **decay), None),
        ('Nadam', dict(learningRate=0.05), None),
        ('Nadam', dict(learningRate=0.05, beta1=0.8, beta2=0.95, epsilon=1e-3, **decay), None),
        ('Adamax', dict(learningRate=0.05), None),
        ('Adamax', dict(learningRate=0.05, beta1=momentum, beta2=0.9, epsilon=1e-3, **decay), None),
        ('RMSprop', dict(learningRate=0.01), None),
        ('RMSprop', dict(learningRate=0.01, rho=0.8, epsilon=1e-3, **decay), None),
        ('RMSprop', dict(learningRate=0.01, momentum=0.9), None),
        ('RMSprop', dict(learningRate=0.01, centered=True), None),
        ('RMSprop', dict(learningRate={'values': [rate / 10 for rate in cycle['values']]}, momentum=momentum, centered=True), None),
        ('Adagrad', dict(learningRate=0.1), None),
        ('Adagrad', dict(learningRate=0.1, initialAccumulator=0.5, epsilon=1e-3, **decay), None),
        ('Adadelta', dict(learningRate=1.0), None),
        ('Adadelta', dict(learningRate=1.0, rho=0.8, epsilon=1e-3, **decay), None),
        ('Lion', dict(learningRate=0.02), None),
        ('Lion', dict(learningRate=0.02, beta1=0.8, beta2=0.9, **decay), None),
        ('LAMB', dict(learningRate=0.05), None),
        ('LAMB', dict(learningRate=0.05, beta1=0.8, beta2=0.95, epsilon=1e-3, **decay), None),
        ('Adafactor', dict(learningRate=0.05), None),
        ('Adafactor', dict(learningRate=0.3, clipThreshold=0.7, beta2Decay=-0.6, **decay), None),
        ('Adafactor', dict(learningRate=0.2, relativeStep=False), None),
    ]
    flat = lambda arrays: [float(f'{x:.9g}') for a in arrays for x in np.ravel(a)]
    lines = []
    for optimizer, options, how in cases:
        weights = [flat(step) for step in run(optimizer, options, how)]
        lines.append(json.dumps(dict(optimizer=optimizer, options=options, clip=how, weights=weights)))
    assert LION_MARGIN[0] > 1e-5, f'a sign in Lion hangs on {LION_MARGIN[0]}: take another seed'
    problem = dict(names=NAMES, shapes=[list(w.shape) for w in START], x=X.tolist(), y=Y.tolist(),
                   start=[w.tolist() for w in START], noise=[[n.tolist() for n in step] for step in NOISE])
    head = {'problem': problem, 'schedules': {k: [float(f'{x:.15g}') for x in v] for k, v in schedules().items()}}
    text = json.dumps(head)[:-1] + ',\n"cases": [\n' + ',\n'.join(lines) + '\n]}\n'
    json.loads(text)
    pathlib.Path(__file__).with_suffix('.json').write_text(text)


if __name__ == '__main__':
    main()
