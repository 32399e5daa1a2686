-- model:  stg_assessment
-- grain:  one row per (pool, fixmedins_code) of the year
-- inputs: assessment
-- params: $year
-- checks: unique(pool, fixmedins_code)
-- ref:    J17, Z26, R27
--
-- Assessment coefficient, deduction, violations and performance bond of each institution; a missing
-- coefficient is 1, a missing amount nothing. `versions` above 1 means that rows disagree; rows that
-- repeat each other are one.
select
    coalesce(nullif(assessment.pool, ''), 'all') as pool,
    assessment.fixmedins_code,
    greatest(
        count(distinct coalesce(assessment.coefficient, 1)),
        count(distinct coalesce(assessment.deduction, 0)),
        count(distinct coalesce(assessment.violations, 0)),
        count(distinct coalesce(assessment.bond, 0))
    ) as versions,
    min(coalesce(assessment.coefficient, 1)) as coefficient,
    min(coalesce(assessment.deduction, 0)) as deduction,
    min(coalesce(assessment.violations, 0)) as violations,
    min(coalesce(assessment.bond, 0)) as bond
from assessment
where assessment.year = $year
group by
    coalesce(nullif(assessment.pool, ''), 'all'),
    assessment.fixmedins_code
order by
    pool,
    fixmedins_code
