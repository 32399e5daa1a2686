-- model:  int_cases__upload_time
-- grain:  one row if any settlement has an upload time, else none
-- inputs: settlement
-- params: none
-- checks: none
-- ref:    A23
--
-- Whether late uploads can be judged at all: where the export has no upload times the rule is off.
select settlement.upload_time
from settlement
where settlement.upload_time is not null
limit 1
