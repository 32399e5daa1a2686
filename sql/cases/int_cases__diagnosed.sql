-- model:  int_cases__diagnosed
-- grain:  one row per settlement with a diagnosis
-- inputs: diagnosis
-- params: none
-- checks: unique(setl_key)
-- ref:    Y25, R24
--
-- Settlements with at least one diagnosis code.
select distinct id_key(diagnosis.setl_id) as setl_key
from diagnosis
where diagnosis.diag_code <> ''
