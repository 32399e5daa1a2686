-- 济宁: points of the case's group, allocate(budget, points), months by A44 (1.2, 1.4, A41, A44, A45).
-- use netted
-- use letters

-- stage cased
scoped as (
    select * from classed
    where insutype in ('310', '390') and med_type = '14' and pay_loc not in ('3', '4')
        and (insu_admdvs = '' or insu_admdvs like '3708%')
)
select
    'all' as pool, scoped.*,
    case
        when fee = 0 then 0
        when catalog.points is not null and scoped.dise_codg <> '' then catalog.points
        -- 0.7 × fee ÷ M × 1000 in ten-thousandths, M in ten-thousandths of a yuan.
        else cast(floor((2 * 700000000 * cast(fee as decimal(38, 0)) + base.mean) / (2 * base.mean)) as bigint)
    end as points,
    case when fee = 0 then fund else 0 end as as_booked
from scoped
cross join base
left join catalog on catalog.group_code = scoped.letters || '_' || scoped.dise_codg
where scoped.year = {year}

-- stage own
select
    pool, fixmedins_code, count(*) as cases, sum(fee) as cost, sum(fund) as booked,
    sum(points) as points, sum(as_booked) as as_booked
from cased group by pool, fixmedins_code

-- stage money
select pool, cast(amount * 100 as bigint) as fen from budget
where year = {year} and pool = 'all' and item = 'budget'

-- stage quota_money
select * from money

-- stage before
select 'all' as pool, month, sum(fund_cleared) as booked from found
where year = {year} - 1 and (fee_back_same_year = 0 or fee_cleared > 0)
    and insutype in ('310', '390') and med_type = '14' and pay_loc not in ('3', '4')
    and (insu_admdvs = '' or insu_admdvs like '3708%')
group by month

-- use by-points
-- use by-months

-- stage prior
-- Refunds of the year, of settlements of earlier years, at their own fund amount.
select first.fixmedins_code, sum(back.fund) as refund
from back join once first on first.setl_id = back.init_setl_id
where extract(year from back.setl_time) = {year} and extract(year from back.first_time) < {year}
    and first.insutype in ('310', '390') and first.med_type = '14' and first.pay_loc not in ('3', '4')
    and (first.insu_admdvs = '' or first.insu_admdvs like '3708%')
group by first.fixmedins_code

-- stage second
select
    'all' as pool, coalesce(entitled.fixmedins_code, prior.fixmedins_code) as fixmedins_code,
    coalesce(cases, 0) as cases, coalesce(cost, 0) as cost, coalesce(booked, 0) as booked,
    coalesce(points, 0) as points, coalesce(entitlement, 0) as paid,
    coalesce(advance, 0) as advanced,
    coalesce(entitlement, 0) - coalesce(advance, 0) - coalesce(refund, 0) as balance
from entitled
left join advanced on advanced.fixmedins_code = entitled.fixmedins_code
full join prior on prior.fixmedins_code = entitled.fixmedins_code
