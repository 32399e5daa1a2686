-- model:  int_cases__record
-- grain:  one row per settlement id
-- inputs: settlement, int_cases__diagnoses, int_cases__operations
-- params: none
-- checks: unique(setl_key)
-- ref:    R15, R26, R32, R33, A54
--
-- The medical record that groupers of stays read, for every settlement of the years asked for. Copies
-- of a row are one; an id whose rows differ is rejected elsewhere (A48). An age in years counts 365
-- days a year; `nwb_age`, in days, prevails below one year: systems write 0 there for everybody else.
with

stay as (
    select
        id_key(settlement.setl_id) as setl_key,
        min(settlement.gend) as gend,
        case
            when min(settlement.age) >= 1 then cast(min(settlement.age) * 365 as bigint)
            else coalesce(min(settlement.nwb_age), cast(min(settlement.age) * 365 as bigint))
        end as age_days,
        max(settlement.endtime) as endtime,
        coalesce(max(settlement.icu_days), 0) as icu_days,
        min(settlement.dscg_way) as dscg_way,
        min(settlement.asst_type) as asst_type,
        min(settlement.dscg_caty) as dscg_caty,
        min(settlement.day_surgery) as day_surgery
    from settlement
    group by id_key(settlement.setl_id)
)

select
    stay.setl_key,
    int_cases__diagnoses.main_diagnosis,
    int_cases__diagnoses.other_diagnoses,
    int_cases__operations.main_operation,
    int_cases__operations.other_operations,
    stay.gend,
    stay.age_days,
    stay.endtime,
    stay.icu_days,
    stay.dscg_way,
    stay.asst_type,
    stay.dscg_caty,
    stay.day_surgery
from stay
left join int_cases__diagnoses
    on stay.setl_key = int_cases__diagnoses.setl_key
left join int_cases__operations
    on stay.setl_key = int_cases__operations.setl_key
