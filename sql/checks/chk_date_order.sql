-- model:  chk_date_order
-- grain:  one row per settlement whose times cannot be
-- inputs: stg_settlement
-- params: none
-- checks: none
-- ref:    E03
--
-- A visit ends after it begins, and is settled after it begins. Dates are compared, not times.
select
    'date_order' as check_id,
    stg_settlement.setl_id as key,
    stg_settlement.fixmedins_code,
    cast(extract(year from stg_settlement.setl_time) as bigint) as setl_year,
    'begntime' as column_name,
    cast(stg_settlement.begntime as varchar) as value,
    stg_settlement.fee_fen as amount_fen
from stg_settlement
where
    not stg_settlement.is_void
    and (
        cast(stg_settlement.endtime as date) < cast(stg_settlement.begntime as date)
        or cast(stg_settlement.setl_time as date) < cast(stg_settlement.begntime as date)
    )
