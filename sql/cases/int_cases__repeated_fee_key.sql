-- model:  int_cases__repeated_fee_key
-- grain:  one row per (setl_id, feedetl_sn) that stands more than once
-- inputs: fee_item
-- params: none
-- checks: unique(setl_id, feedetl_sn)
-- ref:    A48
--
-- Keys of fee lines exported twice. Nothing but the keys is read here: nearly every line stands once,
-- and only the few that do not are looked at closely.
select
    fee_item.setl_id,
    fee_item.feedetl_sn
from fee_item
group by
    fee_item.setl_id,
    fee_item.feedetl_sn
having count(*) > 1
