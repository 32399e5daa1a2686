-- 淄博, third: the waterfall of each pool (3.1), year end (3.3, R27), months by A44 (R10: B6) and working
-- capital (Z22), from `last_year` and `this_year` given as values.
-- R05, settlement by settlement, before stays are put together.
-- stage last_year: {netted}, {zibo-dip-groups@before}, {zibo-dip-last}
select * from of_last_year

-- stage this_year: {netted}, {zibo-dip-groups}, {zibo-dip-points}
select * from of_this_year

-- stage second: {netted}
scoped as (
    select *, case when mdtrt_id is null or mdtrt_id = '' then setl_id else mdtrt_id end as stay
    from found
    where insutype in ('310', '390') and med_type in ('21', '22', '23', '24', '52')
        and pay_loc not in ('3', '4') and (insu_admdvs = '' or insu_admdvs like '3703%')
        and hi_paymtd not in ('2', '5', '7')
),
own as (
    select
        pool, fixmedins_code, sum(cases) as cases, sum(fee) as cost, sum(fund) as booked,
        sum(points) as points, sum(as_booked) as as_booked
    from this_year group by pool, fixmedins_code
),
-- 3.1: B6 = income − reserve − lines 1 to 4; the reserve less their shortfalls is shared 70 to 30.
amount as (
    select pool, item, cast(amount * 100 as bigint) as fen from budget where year = {year}
),
line_short as (
    select planned.pool, sum(planned.fen) as planned, sum(greatest(actual.fen - planned.fen, 0)) as short
    from amount planned
    join amount actual on actual.pool = planned.pool
        and actual.item = 'actual' || substr(planned.item, 2, 1)
    where planned.item in ('b1', 'b2', 'b3', 'b4')
    group by planned.pool
),
reserved as (
    select line_short.pool, planned, short, fen as income, cast(floor((cast(fen as decimal(38, 0)) + 5) / 10) as bigint) as reserve
    from line_short join amount on amount.pool = line_short.pool and amount.item = 'income'
),
settled_share as (
    select *, income - reserve - planned as b6,
        cast(floor((cast(greatest(reserve - short, 0) as decimal(38, 0)) * 14 + 10) / 20) as bigint) as seventy
    from reserved
),
pooled as (
    select
        settled_share.pool, b6, b6 + seventy as total, greatest(reserve - short, 0) - seventy as thirty,
        sum(points) as points, sum(as_booked) as as_booked
    from settled_share join own on own.pool = settled_share.pool
    group by settled_share.pool, b6, seventy, reserve, short
),
entitled_floor as (
    select
        own.*, thirty, total - pooled.as_booked as money, cast(pooled.points as decimal(38, 0)) as whole,
        cast(total - pooled.as_booked as decimal(38, 0)) * own.points as product
    from own join pooled on pooled.pool = own.pool
),
entitled_rank as (
    select *, cast(floor(product / whole) as bigint) as part,
        row_number() over (
            partition by pool
            order by product - cast(floor(product / whole) as decimal(38, 0)) * whole desc, fixmedins_code
        ) as place
    from entitled_floor
),
entitled as (
    select
        pool, fixmedins_code, cases, cost, booked, points, thirty,
        as_booked + part + case when place <= money - sum(part) over (partition by pool) then 1 else 0 end as entitlement
    from entitled_rank
),
-- Assessment rows hold in every pool; what they take off is taken once, in the first pool with cases.
assessed as (
    select
        fixmedins_code, cast(coefficient * 1000000 as bigint) as coefficient,
        cast(coalesce(deduction, 0) * 100 as bigint) as deduction,
        cast(coalesce(violations, 0) * 100 as bigint) as violations,
        cast(coalesce(bond, 0) * 100 as bigint) as bond
    from assessment where year = {year}
),
first_pool as (
    select assessed.fixmedins_code, coalesce(min(pool), '310') as pool
    from assessed left join own on own.fixmedins_code = assessed.fixmedins_code
    group by assessed.fixmedins_code
),
taken as (
    select first_pool.pool, assessed.fixmedins_code, deduction, violations, bond
    from assessed join first_pool on first_pool.fixmedins_code = assessed.fixmedins_code
    where deduction + violations + bond > 0
),
overspent as (
    select
        entitled.*,
        cast(floor((cast(entitlement as decimal(38, 0)) * 2 * coalesce(coefficient, 1000000) + 1000000) / 2000000) as bigint) as after_assessment,
        least(
            greatest(booked - coalesce(taken.violations, 0) - entitlement, 0),
            cast(floor((cast(entitlement as decimal(38, 0)) + 5) / 10) as bigint)
        ) as reasonable
    from entitled
    left join assessed on assessed.fixmedins_code = entitled.fixmedins_code
    left join taken on taken.pool = entitled.pool and taken.fixmedins_code = entitled.fixmedins_code
),
help_floor as (
    select *, sum(reasonable) over (partition by pool) as asked,
        least(thirty, sum(reasonable) over (partition by pool)) as money
    from overspent
),
help_rank as (
    select *,
        case when asked = 0 then 0 else cast(floor(cast(money as decimal(38, 0)) * reasonable / cast(greatest(asked, 1) as decimal(38, 0))) as bigint) end as part,
        row_number() over (
            partition by pool
            order by
                cast(money as decimal(38, 0)) * reasonable
                - cast(floor(cast(money as decimal(38, 0)) * reasonable / cast(greatest(asked, 1) as decimal(38, 0))) as decimal(38, 0)) * asked desc,
                fixmedins_code
        ) as place
    from help_floor
),
paid as (
    select
        pool, fixmedins_code, cases, cost, booked, points,
        after_assessment + part + case when place <= money - sum(part) over (partition by pool) then 1 else 0 end as paid
    from help_rank
),
-- Months: B6 by last year's booked of each month; 90 % of the smaller of quota and booked.
before as (
    select pool, month, sum(fund) as booked from last_year group by pool, month
),
quota_floor as (
    select
        before.pool, month, b6, cast(b6 as decimal(38, 0)) * booked as product,
        cast(sum(booked) over (partition by before.pool) as decimal(38, 0)) as whole
    from before join pooled on pooled.pool = before.pool
),
quota_rank as (
    select *, cast(floor(product / whole) as bigint) as part,
        row_number() over (
            partition by pool
            order by product - cast(floor(product / whole) as decimal(38, 0)) * whole desc, month
        ) as place
    from quota_floor
),
quota as (
    select pool, month,
        part + case when place <= b6 - sum(part) over (partition by pool) then 1 else 0 end as quota
    from quota_rank
),
month_own as (
    select pool, month, fixmedins_code, sum(fund) as booked from this_year group by pool, month, fixmedins_code
),
month_sum as (
    select pool, month, sum(booked) as booked from month_own group by pool, month
),
month_area as (
    select
        month_sum.pool, month_sum.month,
        -- round(0.90 × it), half away from zero
        cast(floor((cast(greatest(least(quota, booked), 0) as decimal(38, 0)) * 18 + 10) / 20) as bigint) as advance
    from month_sum join quota on quota.pool = month_sum.pool and quota.month = month_sum.month
),
month_floor as (
    select
        month_own.pool, month_own.month, fixmedins_code, advance,
        cast(sum(greatest(booked, 0)) over (partition by month_own.pool, month_own.month) as decimal(38, 0)) as whole,
        cast(advance as decimal(38, 0)) * greatest(booked, 0) as product
    from month_own
    join month_area on month_area.pool = month_own.pool and month_area.month = month_own.month
    where advance > 0
),
month_rank as (
    select *, cast(floor(product / whole) as bigint) as part,
        row_number() over (
            partition by pool, month
            order by product - cast(floor(product / whole) as decimal(38, 0)) * whole desc, fixmedins_code
        ) as place
    from month_floor
),
month_part as (
    select pool, fixmedins_code, month,
        part + case when place <= advance - sum(part) over (partition by pool, month) then 1 else 0 end as advance
    from month_rank
),
advanced as (
    select pool, fixmedins_code, sum(advance) as advance from month_part group by pool, fixmedins_code
),
-- Z22: a twelfth of last year's booked × assessment, unless the pool's payments of the year are listed.
listed_capital as (
    select pool, fixmedins_code, sum(cast(amount * 100 as bigint)) as capital from advance
    where year = {year} and kind = 'working_capital' group by pool, fixmedins_code
),
capital as (
    select pool, fixmedins_code, capital from listed_capital
    union all
    select
        pool, year_before.fixmedins_code,
        cast(floor((cast(greatest(booked, 0) as decimal(38, 0)) * coalesce(coefficient, 1000000) + 6000000) / 12000000) as bigint) as capital
    from (
        select pool, fixmedins_code, sum(fund) as booked from last_year
        group by pool, fixmedins_code
    ) year_before
    left join assessed on assessed.fixmedins_code = year_before.fixmedins_code
    where pool not in (select pool from listed_capital)
),
-- Refunds of the year, of settlements of stays of earlier years, at their own fund amount.
prior as (
    select scoped.insutype as pool, scoped.fixmedins_code, sum(back.fund) as refund
    from back join scoped on scoped.setl_id = back.init_setl_id
    where extract(year from back.setl_time) = {year} and scoped.year < {year}
        and scoped.stay not in (select stay from scoped where year >= {year})
    group by scoped.insutype, scoped.fixmedins_code
),
someone as (
    select pool, fixmedins_code from paid
    union select pool, fixmedins_code from taken
    union select pool, fixmedins_code from capital
    union select pool, fixmedins_code from prior
),
netto as (
    select
        someone.pool, someone.fixmedins_code, coalesce(cases, 0) as cases, coalesce(cost, 0) as cost,
        coalesce(booked, 0) as booked, coalesce(points, 0) as points, coalesce(advance, 0) as advanced,
        coalesce(paid, 0) - coalesce(violations, 0) - coalesce(deduction, 0) as paid,
        coalesce(bond, 0) + coalesce(capital, 0) + coalesce(refund, 0) as besides
    from someone
    left join paid on paid.pool = someone.pool and paid.fixmedins_code = someone.fixmedins_code
    left join taken on taken.pool = someone.pool and taken.fixmedins_code = someone.fixmedins_code
    left join advanced on advanced.pool = someone.pool and advanced.fixmedins_code = someone.fixmedins_code
    left join capital on capital.pool = someone.pool and capital.fixmedins_code = someone.fixmedins_code
    left join prior on prior.pool = someone.pool and prior.fixmedins_code = someone.fixmedins_code
),
whole as (
    select
        pool, fixmedins_code, cases, cost, booked, points, paid, advanced,
        paid - advanced - besides as balance
    from netto
)
select * from whole
