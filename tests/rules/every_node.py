"""A scheme that no office would publish: it uses every kind of step the language has."""

from rules.builders import tiny

EVERY_NODE = tiny(
    ("slug: tiny", "slug: tiny\nrounding: 舍去到元"),
    parameters="""\
bands: {label: 分段表, unit: rate, shape: bands, clause: c1, values: {2020-01-01: [{to: 1000元, rate: 50%}, {rate: 70%}]}}
aids: {label: 定额表, unit: money, shape: table, clause: c1, values: {2020-01-01: {three: 300元, two: 220元}}}
ills: {label: 病种目录, unit: icd, shape: list, clause: c1, values: {2020-01-01: [C00-C97, D45]}}
open: {label: 开放申请, unit: flag, clause: c1, values: {2020-01-01: "true"}}
daily: {label: 每天, unit: money, clause: c1, values: {2020-01-01: 40元, 2022-01-01: 50元}}
waiting: {label: 免赔天数, unit: days, clause: c1, values: {2020-01-01: 3天}}
cap: {label: 封顶, unit: money, clause: c1, assumed: 未写明, values: {2020-01-01: 2000元}}""",
    lines={
        "worth": "max(S, coalesce(x, 0元), 10元)",
        "fixed": "coalesce(lookup(aids, grade), 0元)",
        "net": "max(0元, S - debt - 1元)",
    },
    checks={"sum": 'x is none or x <= S or level == "city"', "grown": "not (S < 1元 and x is not none)"},
    when={
        "open": "open and (ill in ills or not urgent or hardship is none)",
        "early": 'day - starts_on + 1天 > 30天 and (level != "province" or not seen_on > day)',
        "rare": 'total(1次, life) <= 3次 and not place == "nowhere"',
    },
    own={
        "days_paid": "max(0天, min(stay, 180天) - waiting) * daily",
        "in_bands": "bands(worth, bands)",
        "half": "ratio(in_bands, 100% - rate) if urgent else ratio(net, rate)",
        "used": "total(half, period)",
        "calm": "0元 if coalesce(hardship, false) else 1元",
    },
    pays="change(min(used, cap)) + days_paid + fixed + calm",
    tail="  least: {label: 补足, clause: c1, plain: 不足一元的补足, pays: 'max(0元, 1元 - aid)'}\n",
)
