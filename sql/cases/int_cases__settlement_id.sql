-- model:  int_cases__settlement_id
-- grain:  one row per row of settlement_history that is not void
-- inputs: stg_settlement_key
-- params: none
-- checks: not_null(setl_key, row_digest)
-- ref:    A48
--
-- Keys of the ids of every year and what tells their rows apart, nothing else: each bucket finds those
-- that stand more than once (`grouping::ids`, relation `repeated_id`) and hands the keys over, so that
-- ids which two people share can be found.
select
    stg_settlement_key.setl_key,
    stg_settlement_key.row_digest
from stg_settlement_key
