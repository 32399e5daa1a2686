-- model:  stg_special
-- grain:  one row per decision on a settlement
-- inputs: special
-- params: none
-- checks: not_null(setl_id, kind)
-- ref:    Z25, P08, R17
--
-- Cases decided by experts. Rows that repeat each other are one; a settlement decided in two ways has
-- two rows and is refused. A missing reviewer or reason is empty.
select distinct
    special.setl_id,
    special.kind,
    special.value,
    coalesce(special.reviewer, '') as reviewer,
    coalesce(special.reason, '') as reason
from special
order by
    setl_id,
    kind,
    value,
    reviewer,
    reason
