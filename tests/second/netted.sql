-- Settlements of the warehouse after duplicates (A48) and refunds (8.4), in fen, whatever the scope.
-- `fee`, `inscope`, `fund` are net; `fund_cleared` leaves out refunds of a later year (A45, R03).

-- stage once
live as (
    select distinct
        setl_id, mdtrt_id, coalesce(init_setl_id, '') as init_setl_id,
        coalesce(refd_setl_flag, '0') as refd_setl_flag, psn_no, fixmedins_code, insutype, med_type,
        coalesce(dise_codg, '') as dise_codg, coalesce(begntime, setl_time) as begntime, endtime,
        setl_time, medfee_sumamt, inscp_scp_amt, hifp_pay, coalesce(pay_loc, '') as pay_loc,
        coalesce(insu_admdvs, '') as insu_admdvs, coalesce(hi_paymtd, '') as hi_paymtd, upload_time,
        row_digest
    from settlement
    where coalesce(vali_flag, '1') <> '0'
)
select * from live
where setl_id in (select setl_id from live group by setl_id having count(*) = 1)

-- stage back
select
    one.setl_id, one.init_setl_id, one.setl_time,
    abs(cast(one.medfee_sumamt * 100 as bigint)) as fee,
    abs(cast(coalesce(one.inscp_scp_amt, 0) * 100 as bigint)) as inscope,
    abs(cast(one.hifp_pay * 100 as bigint)) as fund,
    first.setl_time as first_time
from once one
join once first on first.setl_id = one.init_setl_id
where one.init_setl_id not in ('', one.setl_id) and first.init_setl_id = ''

-- stage found
backs as (
    select
        init_setl_id, sum(fee) as fee, sum(inscope) as inscope, sum(fund) as fund,
        sum(case when extract(year from setl_time) = extract(year from first_time)
            then fund else 0 end) as fund_same_year,
        sum(case when extract(year from setl_time) = extract(year from first_time)
            then fee else 0 end) as fee_same_year
    from back
    group by init_setl_id
)
select
    one.*,
    cast(extract(year from one.setl_time) as int) as year,
    cast(extract(month from one.setl_time) as int) as month,
    cast(one.medfee_sumamt * 100 as bigint) - coalesce(backs.fee, 0) as fee,
    cast(coalesce(one.inscp_scp_amt, 0) * 100 as bigint) - coalesce(backs.inscope, 0) as inscope,
    cast(one.hifp_pay * 100 as bigint) - coalesce(backs.fund, 0) as fund,
    cast(one.medfee_sumamt * 100 as bigint) - coalesce(backs.fee_same_year, 0) as fee_cleared,
    cast(one.hifp_pay * 100 as bigint) - coalesce(backs.fund_same_year, 0) as fund_cleared,
    coalesce(backs.fee, 0) as fee_back,
    coalesce(backs.fee_same_year, 0) as fee_back_same_year
from once one
left join backs on backs.init_setl_id = one.setl_id
-- A reversal is no case; nor is a flagged refund without its reversal, unless its fee is 0 (R25).
where one.init_setl_id = ''
    and (one.refd_setl_flag <> '1' or one.medfee_sumamt = 0 or backs.fee is not null)

-- stage netted
select * from found where fee_back = 0 or fee > 0
