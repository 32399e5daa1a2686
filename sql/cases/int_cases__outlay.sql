-- model:  int_cases__outlay
-- grain:  one row per year
-- inputs: int_cases__netted
-- params: none
-- checks: unique(year)
-- ref:    H07, A44
--
-- What the fund paid for the settlements of a policy's scope, net of refunds. Identical copies count once.
with

once as (
    select distinct
        int_cases__netted.setl_id,
        int_cases__netted.case_time,
        int_cases__netted.fund_fen
    from int_cases__netted
    where int_cases__netted.fate = 'analysed'
)

select
    cast(date_part('year', once.case_time) as bigint) as year,
    sum(once.fund_fen) as fund_fen
from once
group by cast(date_part('year', once.case_time) as bigint)
