-- model:  stg_contractor
-- grain:  one row per institution and what is said of it
-- inputs: institution
-- params: none
-- checks: none
-- ref:    H08, H09, R07, R09
--
-- Institutions as parties to contracts: their consortium, whether they lead it, whether they share the
-- pool of the unsigned. Rows that repeat each other are one; an institution whose rows disagree stands
-- more than once and is refused.
select distinct
    institution.fixmedins_code,
    coalesce(institution.consortium, '') as consortium,
    coalesce(institution.lead, '') as lead,
    coalesce(institution.eligible, '') as eligible
from institution
order by institution.fixmedins_code
