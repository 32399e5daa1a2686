-- model:  stg_cleared
-- grain:  one row per (year, pool, period, fixmedins_code, item, amount)
-- inputs: cleared
-- params: none
-- checks: unique(year, pool, period, fixmedins_code, item, amount)
-- ref:    Y01, A45
--
-- The official sheet of cleared years. A missing pool is the only one, a missing period the whole year; a
-- row without institution is one of the pool. Rows that repeat each other are one; two amounts of one
-- item stay two rows, which the reader refuses.
select distinct
    cleared.year,
    coalesce(nullif(cleared.pool, ''), 'all') as pool,
    coalesce(nullif(cleared.period, ''), 'Y') as period,
    coalesce(cleared.fixmedins_code, '') as fixmedins_code,
    cleared.item,
    cleared.amount
from cleared
order by
    year,
    pool,
    period,
    fixmedins_code,
    item,
    amount
