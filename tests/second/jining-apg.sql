-- 济宁: points of the case's group, allocate(budget, points), months by A44 (1.2, 1.4, A41, A44, A45).
-- stage second: {netted}, {letters}
scoped as (
    select * from classed
    where insutype in ('310', '390') and med_type = '14' and pay_loc not in ('3', '4')
        and (insu_admdvs = '' or insu_admdvs like '3708%')
),
cased as (
    select
        scoped.*,
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
),
own as (
    select
        fixmedins_code, count(*) as cases, sum(fee) as cost, sum(fund) as booked,
        sum(points) as points, sum(as_booked) as as_booked
    from cased group by fixmedins_code
),
pool as (
    select
        (select cast(amount * 100 as bigint) from budget where year = {year} and item = 'budget') as budget,
        sum(points) as points, sum(as_booked) as as_booked
    from own
),
shared as (
    select
        own.*, cast(pool.budget - pool.as_booked as decimal(38, 0)) * own.points as product,
        cast(pool.points as decimal(38, 0)) as whole, pool.budget - pool.as_booked as money
    from own cross join pool
),
floored as (
    select *, cast(floor(product / whole) as bigint) as part,
        product - cast(floor(product / whole) as decimal(38, 0)) * whole as remainder
    from shared
),
ranked as (
    select *,
        row_number() over (order by remainder desc, fixmedins_code) as place,
        money - sum(part) over () as left_over
    from floored
),
paid as (
    select
        fixmedins_code, cases, cost, booked, points,
        as_booked + part + case when place <= left_over then 1 else 0 end as paid
    from ranked
),
-- Months: yearly budget by last year's booked of each month; 90 % of the smaller of quota and booked.
before as (
    select month, sum(fund_cleared) as booked from found
    where year = {year} - 1 and (fee_back_same_year = 0 or fee_cleared > 0)
        and insutype in ('310', '390') and med_type = '14' and pay_loc not in ('3', '4')
        and (insu_admdvs = '' or insu_admdvs like '3708%')
    group by month
),
quota_floor as (
    select
        month, booked, budget,
        cast(floor(cast(budget as decimal(38, 0)) * booked / cast(sum(booked) over () as decimal(38, 0))) as bigint) as part,
        cast(sum(booked) over () as decimal(38, 0)) as whole
    from before cross join pool
),
quota_rank as (
    select *,
        row_number() over (
            order by cast(budget as decimal(38, 0)) * booked - part * whole desc, month
        ) as place,
        budget - sum(part) over () as left_over
    from quota_floor
),
quota as (
    select month, part + case when place <= left_over then 1 else 0 end as quota from quota_rank
),
month_own as (
    select month, fixmedins_code, sum(fund) as booked from cased group by month, fixmedins_code
),
month_area as (
    select
        month_area.month, greatest(least(quota.quota, month_area.booked), 0) as least_of,
        -- round(0.90 × it), half away from zero
        cast(floor((cast(greatest(least(quota.quota, month_area.booked), 0) as decimal(38, 0)) * 18 + 10) / 20) as bigint) as advance
    from (select month, sum(booked) as booked from month_own group by month) month_area
    join quota on quota.month = month_area.month
),
month_floor as (
    select
        month_own.month, fixmedins_code, advance, greatest(booked, 0) as weight,
        cast(sum(greatest(booked, 0)) over (partition by month_own.month) as decimal(38, 0)) as whole,
        cast(advance as decimal(38, 0)) * greatest(booked, 0) as product
    from month_own join month_area on month_area.month = month_own.month
),
month_rank as (
    select *, cast(floor(product / whole) as bigint) as part,
        row_number() over (
            partition by month
            order by product - cast(floor(product / whole) as decimal(38, 0)) * whole desc, fixmedins_code
        ) as place
    from month_floor
),
month_part as (
    select fixmedins_code, month,
        part + case when place <= advance - sum(part) over (partition by month) then 1 else 0 end as advance
    from month_rank
),
advanced as (
    select fixmedins_code, sum(advance) as advance from month_part group by fixmedins_code
),
-- Refunds of the year, of settlements of earlier years, at their own fund amount.
prior as (
    select first.fixmedins_code, sum(back.fund) as refund
    from back join once first on first.setl_id = back.init_setl_id
    where extract(year from back.setl_time) = {year} and extract(year from back.first_time) < {year}
        and first.insutype in ('310', '390') and first.med_type = '14' and first.pay_loc not in ('3', '4')
        and (first.insu_admdvs = '' or first.insu_admdvs like '3708%')
    group by first.fixmedins_code
),
whole as (
    select
        'all' as pool, coalesce(paid.fixmedins_code, prior.fixmedins_code) as fixmedins_code,
        coalesce(cases, 0) as cases, coalesce(cost, 0) as cost, coalesce(booked, 0) as booked,
        coalesce(points, 0) as points, coalesce(paid, 0) as paid, coalesce(advance, 0) as advanced,
        coalesce(paid, 0) - coalesce(advance, 0) - coalesce(refund, 0) as balance
    from paid
    left join advanced on advanced.fixmedins_code = paid.fixmedins_code
    full join prior on prior.fixmedins_code = paid.fixmedins_code
)
select * from whole
