-- model:  chk_date_order
-- grain:  one row per settlement whose times cannot be
-- inputs: stg_settlement
-- params: none
-- checks: none
-- ref:    E03
--
-- A visit ends after it begins, and is settled after it begins. Exports often carry a date without
-- its time: midnight on either side is read as the whole day.
with

visit as (
    select
        stg_settlement.setl_id,
        stg_settlement.fixmedins_code,
        stg_settlement.begntime,
        stg_settlement.endtime,
        stg_settlement.setl_time,
        stg_settlement.fee_fen,
        date_trunc('day', stg_settlement.begntime) as begin_day,
        date_trunc('day', stg_settlement.endtime) as end_day,
        date_trunc('day', stg_settlement.setl_time) as settled_day
    from stg_settlement
    where not stg_settlement.is_void
)

select
    'date_order' as check_id,
    visit.setl_id as key,
    visit.fixmedins_code,
    cast(extract(year from visit.setl_time) as bigint) as setl_year,
    'begntime' as column_name,
    cast(visit.begntime as varchar) as value,
    visit.fee_fen as amount_fen
from visit
where
    visit.end_day < visit.begin_day
    or visit.settled_day < visit.begin_day
    or (visit.endtime < visit.begntime and visit.endtime <> visit.end_day)
    or (visit.setl_time < visit.begntime and visit.setl_time <> visit.settled_day)
