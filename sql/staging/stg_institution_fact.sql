-- model:  stg_institution_fact
-- grain:  one row per institution and what is said of it
-- inputs: institution
-- params: none
-- checks: none
-- ref:    Z20, Z21, E08, R06, R18, A37
--
-- What decides the coefficient of an institution: level, type, grade, key disciplines, and the
-- coefficient in force. Rows that repeat each other are one; an institution whose rows disagree stands
-- more than once and is refused. `level` is 3 to 1: community centres and township hospitals go by type
-- and count as one (3.3); what cannot be told has none.
select distinct
    institution.fixmedins_code,
    coalesce(institution.fixmedins_name, '') as fixmedins_name,
    coalesce(institution.hosp_lv, '') as hosp_lv,
    coalesce(institution.inst_type, '') as inst_type,
    coalesce(institution.grade_a, '') as grade_a,
    coalesce(institution.disciplines, '') as disciplines,
    institution.coef,
    case
        when institution.inst_type in ('community', 'township') then 1
        when institution.hosp_lv in ('1', '2', '3', '4', '12') then 3
        when institution.hosp_lv in ('5', '6', '7', '13') then 2
        when institution.hosp_lv in ('8', '9', '10', '14') then 1
    end as level
from institution
order by
    institution.fixmedins_code
