-- model:  stg_assessment
-- grain:  one row per (pool, fixmedins_code) of the year
-- inputs: assessment
-- params: $year
-- checks: unique(pool, fixmedins_code)
-- ref:    J17
--
-- Assessment coefficient and deduction of each institution; a missing coefficient is 1, a missing
-- deduction nothing. `versions` above 1 means that rows disagree; rows that repeat each other are
-- one.
select
    coalesce(nullif(assessment.pool, ''), 'all') as pool,
    assessment.fixmedins_code,
    greatest(
        count(distinct coalesce(assessment.coefficient, 1)),
        count(distinct coalesce(assessment.deduction, 0))
    ) as versions,
    min(coalesce(assessment.coefficient, 1)) as coefficient,
    min(coalesce(assessment.deduction, 0)) as deduction
from assessment
where assessment.year = $year
group by
    coalesce(nullif(assessment.pool, ''), 'all'),
    assessment.fixmedins_code
order by
    pool,
    fixmedins_code
