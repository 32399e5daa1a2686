-- model:  stg_enrollee
-- grain:  one row per row of enrollee of the year
-- inputs: enrollee, registration
-- params: $year, $first_day
-- checks: not_null(psn_no)
-- ref:    A27, A28, R08, H07, H08
--
-- Who is signed with whom and insured when, in one year, the rows of a person one after the other.
-- `is_chronic`: a chronic disease is registered on the first day of the year.
with

chronic as (
    select distinct registration.psn_no
    from registration
    where
        (registration.begndate is null or registration.begndate <= $first_day)
        and (registration.enddate is null or registration.enddate >= $first_day)
)

select
    enrollee.psn_no,
    coalesce(enrollee.signed_fixmedins_code, '') as signed,
    coalesce(enrollee.clct_grde, '') as clct_grde,
    coalesce(enrollee.gend, '') as gend,
    enrollee.brdy,
    enrollee.months_insured,
    enrollee.insu_begin,
    enrollee.insu_end,
    enrollee.sign_begin,
    enrollee.sign_end,
    chronic.psn_no is not null as is_chronic
from enrollee
left join chronic
    on enrollee.psn_no = chronic.psn_no
where enrollee.year = $year
order by enrollee.psn_no
