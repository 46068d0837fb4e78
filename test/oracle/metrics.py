"""Expected metrics and reports, by scikit-learn.

Run: python3 test/oracle/metrics.py > test/oracle/metrics.json
Each case: targets, float32 predictions, sample weights (or null) and what scikit-learn says of them. Arrays are kept
once, in `arrays`; cases name them by number.
"""
import json
import warnings
import numpy as np
import sklearn
from sklearn import metrics as m

warnings.filterwarnings('ignore')
rng = np.random.default_rng(11)
cases, reports, matrices, arrays = [], [], [], []


def kept(x):
    """The number of an array among the kept ones; float32 in as few digits as tell it apart."""
    if x is None:
        return None
    x = np.asarray(x)
    plain = x.tolist() if x.dtype != np.float32 else np.vectorize(lambda v: float(str(v)))(x).tolist()
    if plain not in arrays:
        arrays.append(plain)
    return arrays.index(plain)


def case(name, metric, y, p, expected, weight=None, options=None, per_class=None):
    cases.append(
        dict(
            name=name,
            metric=metric,
            options=options or {},
            yTrue=kept(y),
            yPred=kept(p),
            weight=kept(weight),
            expected=float(expected),
            perClass=None if per_class is None else [float(x) for x in per_class],
        )
    )


def rounded(x, digits=None):
    x = np.asarray(x, dtype=np.float32)
    return x if digits is None else np.round(x, digits).astype(np.float32)


# One unit: 137 elements, so that no batch size divides it; scores of two digits, so that there are ties.
n = 137
y = (rng.random(n) < 0.4).astype(int)
p = rounded(np.clip(0.35 * y + rng.random(n) * 0.65, 0.01, 0.99), 2)
w = rounded(rng.random(n) * 2)
w[::9] = 0
yes = (p > np.float32(0.5)).astype(int)
for tag, sw in (('', None), (' weighted', w)):
    k = dict(sample_weight=sw)
    case(f'accuracy of yes and no{tag}', 'BinaryAccuracy', y, p, m.accuracy_score(y, yes, **k), sw)
    case(f'precision{tag}', 'Precision', y, p, m.precision_score(y, yes, **k), sw)
    case(f'recall{tag}', 'Recall', y, p, m.recall_score(y, yes, **k), sw)
    case(f'F1{tag}', 'FScore', y, p, m.f1_score(y, yes, **k), sw)
    case(f'F2{tag}', 'FScore', y, p, m.fbeta_score(y, yes, beta=2, **k), sw, {'beta': 2})
    case(f'kappa{tag}', 'CohenKappa', y, p, m.cohen_kappa_score(y, yes, **k), sw)
    case(f'Matthews{tag}', 'MatthewsCorrelation', y, p, m.matthews_corrcoef(y, yes, **k), sw)
    case(f'ROC AUC with ties{tag}', 'RocAuc', y, p, m.roc_auc_score(y, p, **k), sw)
    case(f'average precision with ties{tag}', 'PrAuc', y, p, m.average_precision_score(y, p, **k), sw)
    bins = np.floor(p * np.float32(20))
    case(f'ROC AUC in 20 bins{tag}', 'RocAuc', y, p, m.roc_auc_score(y, bins, **k), sw, {'bins': 20})
    case(f'average precision in 20 bins{tag}', 'PrAuc', y, p, m.average_precision_score(y, bins, **k), sw, {'bins': 20})
    case(f'log loss{tag}', 'LogLoss', y, p, m.log_loss(y, p.astype(float), **k), sw)
logits = rounded(np.log(p / (1 - p)) * 3)
case('ROC AUC of log-odds', 'RocAuc', y, logits, m.roc_auc_score(y, logits))

# Four classes, unevenly many.
n = 151
y = rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
scores = rng.normal(size=(n, 4)) + 1.3 * np.eye(4)[y]
p = rounded(np.exp(scores) / np.exp(scores).sum(1, keepdims=True))
w = rounded(rng.random(n) * 2)
w[::7] = 0
top = p.argmax(1)
onehot = np.eye(4)[y]
for tag, sw in (('', None), (' weighted', w)):
    k = dict(sample_weight=sw)
    case(f'accuracy of classes{tag}', 'SparseCategoricalAccuracy', y, p, m.accuracy_score(y, top, **k), sw)
    case(f'accuracy of one-hot classes{tag}', 'CategoricalAccuracy', onehot, p, m.accuracy_score(y, top, **k), sw)
    case(f'accuracy resolved by shape{tag}', 'Accuracy', y, p, m.accuracy_score(y, top, **k), sw)
    case(f'top 2{tag}', 'TopKAccuracy', y, p, m.top_k_accuracy_score(y, p, k=2, **k), sw, {'k': 2})
    case(f'top 3 of one-hot{tag}', 'TopKAccuracy', onehot, p, m.top_k_accuracy_score(y, p, k=3, **k), sw, {'k': 3})
    for average in ('macro', 'weighted', 'micro'):
        o = {'average': average, 'threshold': 'largest'}
        a = dict(average=average, **k)
        each = dict(average=None, **k)
        case(f'{average} precision{tag}', 'Precision', y, p, m.precision_score(y, top, **a), sw, o, m.precision_score(y, top, **each))
        case(f'{average} recall{tag}', 'Recall', onehot, p, m.recall_score(y, top, **a), sw, o, m.recall_score(y, top, **each))
        case(f'{average} F1{tag}', 'FScore', y, p, m.f1_score(y, top, **a), sw, o, m.f1_score(y, top, **each))
        case(f'{average} F0.5{tag}', 'FScore', y, p, m.fbeta_score(y, top, beta=0.5, **a), sw, {**o, 'beta': 0.5})
    case(f'precision above 0.5 over all columns{tag}', 'Precision', onehot, p, m.precision_score(onehot, p > 0.5, average='micro', **k), sw)
    case(f'recall of class 1 above 0.3{tag}', 'Recall', y, p, m.recall_score(onehot[:, 1], p[:, 1] > np.float32(0.3), **k), sw, {'classId': 1, 'threshold': 0.3})
    case(f'kappa of classes{tag}', 'CohenKappa', y, p, m.cohen_kappa_score(y, top, **k), sw)
    case(f'quadratic kappa{tag}', 'CohenKappa', y, p, m.cohen_kappa_score(y, top, weights='quadratic', **k), sw, {'weights': 'quadratic'})
    case(f'linear kappa{tag}', 'CohenKappa', onehot, p, m.cohen_kappa_score(y, top, weights='linear', **k), sw, {'weights': 'linear'})
    case(f'Matthews of classes{tag}', 'MatthewsCorrelation', y, p, m.matthews_corrcoef(y, top, **k), sw)
    for average in ('macro', 'weighted'):
        each = [m.roc_auc_score(onehot[:, c], p[:, c], **k) for c in range(4)]
        case(f'{average} ROC AUC{tag}', 'RocAuc', y, p, m.roc_auc_score(onehot, p, average=average, **k), sw, {'average': average}, each)
        case(f'{average} average precision{tag}', 'PrAuc', onehot, p, m.average_precision_score(onehot, p, average=average, **k), sw, {'average': average})
    bins = np.floor(p * np.float32(50))
    case(f'ROC AUC of classes in 50 bins{tag}', 'RocAuc', y, p, m.roc_auc_score(onehot, bins, **k), sw, {'bins': 50})
    exact = p.astype(float) / p.astype(float).sum(1, keepdims=True)
    case(f'log loss of classes{tag}', 'LogLoss', y, p, m.log_loss(y, exact, **k), sw)
    case(f'log loss of one-hot classes{tag}', 'LogLoss', onehot, p, m.log_loss(y, exact, **k), sw)

    # The expected calibration error is not in scikit-learn: its definition (Guo et al. 2017, equation 3).
    weight = np.ones(n) if sw is None else sw.astype(float)
    confidence, right = p.max(1).astype(float), (top == y).astype(float)
    gap = 0
    for b in range(10):
        inside = (confidence > b / 10) & (confidence <= (b + 1) / 10)
        if weight[inside].sum() > 0:
            gap += abs((weight * (right - confidence))[inside].sum())
    case(f'calibration error{tag}', 'CalibrationError', y, p, gap / weight.sum(), sw, {'bins': 10})

# Three labels, each by itself.
labels = (rng.random((60, 3)) < 0.4).astype(int)
p = rounded(np.clip(labels * 0.3 + rng.random((60, 3)) * 0.7, 0, 1))
o = {'average': 'macro', 'threshold': 0.5}
case('macro F1 of several labels', 'FScore', labels, p, m.f1_score(labels, p > 0.5, average='macro'), None, o)
case('macro ROC AUC of several labels', 'RocAuc', labels, p, m.roc_auc_score(labels, p))
case('accuracy of several labels', 'BinaryAccuracy', labels, p, ((p > 0.5) == labels).mean())

# Two quantities far from zero.
n = 90
y = rounded(rng.normal(size=(n, 2)) * [1.0, 3.0] + [1000.0, -50.0])
p = rounded(y + rng.normal(size=(n, 2)))
w = rounded(rng.random(n) * 2)
w[::5] = 0
Y, P = y.astype(float), p.astype(float)
for tag, sw in (('', None), (' weighted', w)):
    k = dict(sample_weight=sw)
    case(f'mean absolute error{tag}', 'MeanAbsoluteError', y, p, m.mean_absolute_error(Y, P, **k), sw)
    case(f'mean squared error{tag}', 'MeanSquaredError', y, p, m.mean_squared_error(Y, P, **k), sw)
    case(f'root mean squared error{tag}', 'RootMeanSquaredError', y, p, np.sqrt(m.mean_squared_error(Y, P, **k)), sw)
    case(f'R² far from zero{tag}', 'R2Score', y, p, m.r2_score(Y, P, **k), sw)
    case(f'variance-weighted R²{tag}', 'R2Score', y, p, m.r2_score(Y, P, multioutput='variance_weighted', **k), sw, {'average': 'varianceWeighted'})
case('R² of equal targets', 'R2Score', [2.0, 2, 2], [2.0, 3, 2], m.r2_score([2, 2, 2], [2, 3, 2]))
case('R² of equal targets met', 'R2Score', [2.0, 2, 2], [2.0, 2, 2], m.r2_score([2, 2, 2], [2, 2, 2]))


def report(name, y, p, names=None, labels=None, weight=None, digits=2):
    k = dict(labels=labels if names is None else list(range(len(names))), target_names=names, sample_weight=weight)
    reports.append(
        dict(
            name=name,
            yTrue=kept(y),
            yPred=kept(p),
            labels=names or labels,
            weight=kept(weight),
            digits=digits,
            table=m.classification_report(y, p, digits=digits, **k),
            dict=m.classification_report(y, p, output_dict=True, **k),
        )
    )


y = rng.choice(4, 100, p=[0.5, 0.3, 0.15, 0.05])
p = np.where(rng.random(100) < 0.7, y, rng.choice(4, 100))
report('plain', y, p)
report('named', y, p, names=['T-shirt/top', 'an ankle boot of great length', 'bag', 'coat'])
report('four digits', y, p, digits=4)
report('no digits', y, p, digits=0)
report('some classes only', y, p, labels=[1, 3])
report('weighted', y, p, weight=np.round(rng.random(100) * 4) / 4)
report('whole weights', y, p, weight=np.ones(100) * 2)
report('a class never predicted', [0, 0, 1, 2, 2], [0, 0, 2, 2, 0])
report('ties of rounding', [0] * 8 + [1] * 8, [0] * 1 + [1] * 7 + [1] * 5 + [0] * 3)
report('ties of rounding, three digits', [0] * 16 + [1] * 16, [0] * 3 + [1] * 13 + [1] * 11 + [0] * 5, digits=3)
report('yes and no', [0, 1, 1, 0, 1], [0, 1, 0, 0, 1], names=['no', 'yes'])

for normalize in (None, 'true', 'pred', 'all'):
    for weight in (None, np.round(rng.random(100) * 4) / 4):
        matrices.append(
            dict(
                normalize=normalize,
                yTrue=kept(y),
                yPred=kept(p),
                weight=kept(weight),
                expected=m.confusion_matrix(y, p, normalize=normalize, sample_weight=weight).tolist(),
            )
        )

lines = lambda xs: ',\n'.join(json.dumps(x) for x in xs)
print(
    '{"madeBy": "test/oracle/metrics.py", "sklearn": "%s",\n"arrays": [\n%s\n],\n"cases": [\n%s\n],\n"reports": [\n%s\n],\n"matrices": [\n%s\n]}'
    % (sklearn.__version__, lines(arrays), lines(cases), lines(reports), lines(matrices))
)
