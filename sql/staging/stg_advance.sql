-- model:  stg_advance
-- grain:  one row per (pool, fixmedins_code, month, kind) of the year
-- inputs: advance
-- params: $year
-- checks: unique(pool, fixmedins_code, month, kind)
-- ref:    Z22, Z23, R35, A44
--
-- Money paid before clearing. A missing pool is the only one; working capital has no month. `versions`
-- above 1 means that rows disagree on the amount; rows that repeat each other are one.
select
    coalesce(nullif(advance.pool, ''), 'all') as pool,
    advance.fixmedins_code,
    advance.month,
    advance.kind,
    count(distinct advance.amount) as versions,
    min(advance.amount) as amount
from advance
where advance.year = $year
group by
    coalesce(nullif(advance.pool, ''), 'all'),
    advance.fixmedins_code,
    advance.month,
    advance.kind
order by
    pool,
    fixmedins_code,
    month,
    kind
