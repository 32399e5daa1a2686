-- model:  chk_fee_key
-- grain:  one row per fee line that stands twice or belongs to no settlement
-- inputs: repeated_fee_line, stg_fee_item, settlement_history
-- params: none
-- checks: none
-- ref:    A48, E02
--
-- Fee lines exported twice, and lines whose settlement nobody loaded.
select
    case when bool_or(repeated_fee_line.is_conflicting) then 'fee_duplicate_conflict'
        else 'fee_duplicate_identical' end as check_id,
    concat(stg_fee_item.setl_id, '/', stg_fee_item.feedetl_sn) as key,
    cast(null as varchar) as fixmedins_code,
    cast(null as bigint) as setl_year,
    'feedetl_sn' as column_name,
    cast(null as varchar) as value,
    min(stg_fee_item.amount_fen) as amount_fen
from stg_fee_item
inner join repeated_fee_line
    on
        id_key(stg_fee_item.setl_id) = repeated_fee_line.setl_key
        and id_key(stg_fee_item.feedetl_sn) = repeated_fee_line.line_key
group by
    stg_fee_item.setl_id,
    stg_fee_item.feedetl_sn
union all
select
    'fee_orphan' as check_id,
    concat(stg_fee_item.setl_id, '/', stg_fee_item.feedetl_sn) as key,
    cast(null as varchar) as fixmedins_code,
    cast(null as bigint) as setl_year,
    'setl_id' as column_name,
    stg_fee_item.setl_id as value,
    stg_fee_item.amount_fen
from stg_fee_item
left anti join settlement_history
    on stg_fee_item.setl_id = settlement_history.setl_id
