-- model:  int_cases__payment
-- grain:  one row per settlement id
-- inputs: settlement
-- params: none
-- checks: unique(setl_key)
-- ref:    J03, H13, H14, R19
--
-- What a unit other than a group is recognised by, the tier of contribution, and the end days are counted
-- to, for every settlement of the years asked for. Copies of a row are one; an id whose rows differ is rejected
-- elsewhere (A48).
select
    id_key(settlement.setl_id) as setl_key,
    min(settlement.hi_paymtd) as hi_paymtd,
    min(settlement.med_type) as med_type,
    min(settlement.clct_grde) as clct_grde,
    max(settlement.endtime) as endtime
from settlement
group by id_key(settlement.setl_id)
