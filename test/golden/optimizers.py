"""Writes optimizers.json: 20 steps of torch.optim's SGD, Adam and AdamW in double precision on two variables.

  python test/golden/optimizers.py        (torch)

Each variable has its own learning rate (base × multiplier × the schedule's factor of that step) and weight decay, given to torch
as parameter groups. `values` holds every variable after each step. `gradients` are given, the same for every optimizer.
`clip` is torch.nn.utils.clip_grad_norm_ on the first step's gradients.
"""
import json
import os

import torch

STEPS, BASE = 20, 0.05
VARIABLES = [dict(name='kernel', shape=[2, 3], multiplier=1, weightDecay=0.02), dict(name='head', shape=[3], multiplier=10, weightDecay=0)]
OPTIMIZERS = [
    dict(name='sgd', momentum=0, nesterov=False), dict(name='sgd', momentum=0.9, nesterov=False),
    dict(name='sgd', momentum=0.9, nesterov=True), dict(name='adam', beta1=0.9, beta2=0.999, epsilon=1e-8),
    dict(name='adamw', beta1=0.8, beta2=0.99, epsilon=1e-6),
]
g = torch.Generator().manual_seed(0)
draw = lambda shape, scale: (torch.randn(shape, generator=g) * scale).double()
start = {v['name']: draw(v['shape'], 1) for v in VARIABLES}
gradients = {v['name']: [draw(v['shape'], 0.3) for _ in range(STEPS)] for v in VARIABLES}
factors = [min(1, (step + 1) / 4) * (1 - step / 40) for step in range(STEPS)]


def run(options):
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    groups = [dict(params=[parameters[v['name']]], lr=BASE, base=BASE * v['multiplier'], weight_decay=v['weightDecay']) for v in VARIABLES]
    if options['name'] == 'sgd':
        optimizer = torch.optim.SGD(groups, lr=BASE, momentum=options['momentum'], nesterov=options['nesterov'])
    else:
        kind = dict(adam=torch.optim.Adam, adamw=torch.optim.AdamW)[options['name']]
        optimizer = kind(groups, lr=BASE, betas=(options['beta1'], options['beta2']), eps=options['epsilon'])
    values = {name: [] for name in parameters}
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group['lr'] = group['base'] * factors[step]
        for name, parameter in parameters.items():
            parameter.grad = gradients[name][step].clone()
        optimizer.step()
        for name, parameter in parameters.items():
            values[name].append(parameter.detach().flatten().tolist())
    return dict(options=options, values=values)


def clip(largest):
    parameters = [torch.nn.Parameter(value.clone()) for value in start.values()]
    for parameter, name in zip(parameters, start):
        parameter.grad = gradients[name][0].clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters, largest)
    return dict(largest=largest, norm=norm.item(), gradients={name: p.grad.flatten().tolist() for p, name in zip(parameters, start)})


flat = lambda tensors: {name: [t.flatten().tolist() for t in ts] for name, ts in tensors.items()}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'optimizers.json'), 'w') as f:
    json.dump(dict(base=BASE, factors=factors, variables=VARIABLES, start={name: value.flatten().tolist() for name, value in start.items()},
                   gradients=flat(gradients), runs=[run(options) for options in OPTIMIZERS], clips=[clip(0.1), clip(100)]), f, separators=(',', ':'))
    f.write('\n')
