-- model:  stg_budget
-- grain:  one row per (pool, period) of the item and year
-- inputs: budget
-- params: $year, $item
-- checks: unique(pool, period)
-- ref:    J01, Y27
--
-- Budgets of one year and item; a missing pool is the only one, a missing period the whole year.
-- `versions` above 1 means that rows disagree on the amount; rows that repeat each other are one.
select
    coalesce(nullif(budget.pool, ''), 'all') as pool,
    coalesce(nullif(budget.period, ''), 'Y') as period,
    count(distinct budget.amount) as versions,
    min(budget.amount) as amount
from budget
where
    budget.year = $year
    and budget.item = $item
group by
    coalesce(nullif(budget.pool, ''), 'all'),
    coalesce(nullif(budget.period, ''), 'Y')
order by
    pool,
    period
