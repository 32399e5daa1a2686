-- model:  stg_institution
-- grain:  one row per institution
-- inputs: institution
-- params: none
-- checks: unique(fixmedins_code)
-- ref:    Z20
--
-- Institutions with their level from the national dictionary of `hosp_lv`. Community centres and
-- township hospitals go by type and count as level one; what cannot be told is level 未定级.
-- An institution loaded twice stands once: each column keeps its value that sorts last, and a level
-- that can be told prevails over one that cannot.
select
    institution.fixmedins_code,
    max(institution.fixmedins_name) as fixmedins_name,
    coalesce(
        max(
            case
                when institution.inst_type in ('community', 'township') then '一级'
                when institution.hosp_lv in ('1', '2', '3', '4', '12') then '三级'
                when institution.hosp_lv in ('5', '6', '7', '13') then '二级'
                when institution.hosp_lv in ('8', '9', '10', '14') then '一级'
            end
        ),
        '未定级'
    ) as tier
from institution
group by institution.fixmedins_code
order by institution.fixmedins_code
