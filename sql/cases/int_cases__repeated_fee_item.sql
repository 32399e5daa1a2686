-- model:  int_cases__repeated_fee_item
-- grain:  one row per (setl_id, feedetl_sn) that stands more than once
-- inputs: stg_fee_item, int_cases__repeated_fee_key
-- params: none
-- checks: unique(setl_id, feedetl_sn)
-- ref:    A48, R26
--
-- Fee lines exported twice: identical ones collapse, differing ones are all rejected.
-- Amount, class and importance are those of the line where all copies agree.
select
    stg_fee_item.setl_id,
    stg_fee_item.feedetl_sn,
    count(*) as copies,
    min(stg_fee_item.row_digest) <> max(stg_fee_item.row_digest) as is_conflicting,
    min(stg_fee_item.amount_fen) as amount_fen,
    min(stg_fee_item.class) as class,
    bool_or(stg_fee_item.is_important) as is_important
from stg_fee_item
inner join int_cases__repeated_fee_key
    on
        stg_fee_item.setl_id = int_cases__repeated_fee_key.setl_id
        and stg_fee_item.feedetl_sn = int_cases__repeated_fee_key.feedetl_sn
group by
    stg_fee_item.setl_id,
    stg_fee_item.feedetl_sn
