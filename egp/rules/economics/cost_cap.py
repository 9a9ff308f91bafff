"""Running the treatment costs no more per thousand events than the policy's cap.

A cost too small to notice on one event is a budget on a billion, and it stays after the launch is celebrated. The
plan's `cost_per_unit`, times 1,000, is compared with `per_thousand`. It is the incremental cost of one event of
`economics.per`, infrastructure included.

Passes:

```yaml
economics: {cost_per_unit: 0.002 USD}
```

Fails at `/economics/cost_per_unit`, saying "2.50 USD per 1,000 impressions":

```yaml
economics: {cost_per_unit: 0.0025 USD}
```

Fails at `/economics/cost_per_unit` with `per_thousand: 0.02 USD`:

```yaml
economics: {cost_per_unit: 0.00003 USD}
```

Fails at `/economics/cost_per_unit`, saying "does not say":

```yaml
economics: {cost_per_unit: null}
```

Fails at `/economics/cost_per_unit`, saying "in EUR":

```yaml
economics: {cost_per_unit: 0.00003 EUR}
```

Fails at `/economics/cost_per_unit`, saying "is a gain":

```yaml
economics: {cost_per_unit: -0.1 USD}
```

Not checked at `/economics`:

```yaml
economics: null
```
"""
