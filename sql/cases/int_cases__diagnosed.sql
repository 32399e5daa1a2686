-- model:  int_cases__diagnosed
-- grain:  one row per settlement with a diagnosis
-- inputs: diagnosis
-- params: none
-- checks: unique(setl_id)
-- ref:    Y25, R24
--
-- Settlements with at least one diagnosis code.
select distinct diagnosis.setl_id
from diagnosis
where diagnosis.diag_code <> ''
