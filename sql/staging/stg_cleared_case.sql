-- model:  stg_cleared_case
-- grain:  one row per (setl_id, values of the row) of the year
-- inputs: cleared_case
-- params: $year
-- checks: unique(setl_id, fixmedins_code, insutype, signed_fixmedins_code, month, hifp_pay, points, amount, pay)
-- ref:    Y01, R08
--
-- What every case counted for when its year was cleared. Rows that repeat each other are one; two rows
-- of one settlement stay two, which the reader refuses.
select distinct
    cleared_case.setl_id,
    cleared_case.fixmedins_code,
    coalesce(cleared_case.insutype, '') as insutype,
    coalesce(cleared_case.signed_fixmedins_code, '') as signed_fixmedins_code,
    cleared_case.month,
    cleared_case.hifp_pay,
    cleared_case.points,
    cleared_case.amount,
    coalesce(cleared_case.pay, '') as pay
from cleared_case
where cleared_case.year = $year
order by
    setl_id,
    fixmedins_code,
    insutype,
    signed_fixmedins_code,
    month,
    hifp_pay,
    points,
    amount,
    pay
