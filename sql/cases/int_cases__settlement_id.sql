-- model:  int_cases__settlement_id
-- grain:  one row per row of settlement_history that is not void
-- inputs: stg_settlement_key
-- params: none
-- checks: not_null(setl_key)
-- ref:    A48
--
-- Keys of the ids of every year and nothing else: each bucket hands them over, so that ids which two
-- people share can be found.
select stg_settlement_key.setl_key
from stg_settlement_key
