-- model:  stg_institution_fact
-- grain:  one row per institution and what is said of it
-- inputs: institution
-- params: none
-- checks: none
-- ref:    Z20, Z21, E08, E10, R18
--
-- What decides the coefficient of an institution: level, type, grade, key disciplines, and the
-- coefficient in force; and its production cost. Rows that repeat each other are one; an institution whose rows disagree stands
-- more than once and is refused.
select distinct
    institution.fixmedins_code,
    coalesce(institution.fixmedins_name, '') as fixmedins_name,
    coalesce(institution.hosp_lv, '') as hosp_lv,
    coalesce(institution.inst_type, '') as inst_type,
    coalesce(institution.grade_a, '') as grade_a,
    coalesce(institution.disciplines, '') as disciplines,
    institution.coef,
    institution.production_cost
from institution
order by
    institution.fixmedins_code
