-- model:  stg_budget_item
-- grain:  one row per (pool, period, item) of the year
-- inputs: budget
-- params: $year
-- checks: unique(pool, period, item)
-- ref:    J01, Z02, Z04, Z05, Z06, Z07, Z08, Z09, Y33
--
-- Every item of table budget in one year: amounts, growths, persons. A missing pool is the only one, a
-- missing period the whole year. `versions` above 1 means that rows disagree; rows that repeat each
-- other are one.
select
    coalesce(nullif(budget.pool, ''), 'all') as pool,
    coalesce(nullif(budget.period, ''), 'Y') as period,
    budget.item,
    count(distinct budget.amount) as versions,
    min(budget.amount) as amount
from budget
where budget.year = $year
group by
    coalesce(nullif(budget.pool, ''), 'all'),
    coalesce(nullif(budget.period, ''), 'Y'),
    budget.item
order by
    pool,
    period,
    item
